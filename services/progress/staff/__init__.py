"""The staff door of progress: who studies now, learners, appeals, patterns, exports (P-12).

Reading needs `progress:records:read`; whatever puts something right `progress:records:write`.
"""

from . import appeals, exports, learners, patterns, studying

routers = [part.router for part in (studying, learners, appeals, patterns, exports)]
