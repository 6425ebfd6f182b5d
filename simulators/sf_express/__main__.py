"""`python -m simulators.sf_express --port 9004 --prefix /simulators/sf`."""

import argparse
import os

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from simulators.sf_express.app import create_app

HOST = "127.0.0.1"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--prefix", default="", help="path that everything stands below")
    options = parser.parse_args()
    app = create_app(partner_id=os.environ["SF_PARTNER_ID"], checkword=os.environ["SF_CHECKWORD"])
    if options.prefix:
        app = Starlette(routes=[Mount(options.prefix, app)])
    uvicorn.run(app, host=HOST, port=options.port, log_level="warning")


if __name__ == "__main__":
    main()
