// The two kinds of courseware behind one face: where it is, how fast it runs, when that changes.

export function openMedia(root, activity) {
  const video = root.querySelector("video");
  return video ? new Video(video) : new Document(root.querySelector("iframe"), activity);
}

class Video {
  #position;

  constructor(video) {
    this.video = video;
    this.document = false;
    this.#position = video.currentTime;
    for (const sign of ["timeupdate", "seeked", "loadedmetadata"]) {
      video.addEventListener(sign, () => this.#follow());
    }
  }

  get playing() {
    const { paused, ended, seeking, error } = this.video;
    return !paused && !ended && !seeking && !error;
  }

  get ended() {
    return this.video.ended;
  }

  get failed() {
    return this.video.error !== null;
  }

  get rate() {
    return this.video.playbackRate;
  }

  // Where the media was until now: a jump moves this only once it has been told.
  get position() {
    if (!this.video.seeking) this.#follow();
    return this.#position;
  }

  get target() {
    return this.video.currentTime;
  }

  // told(change): just after something changed that a beat must speak of.
  onChange(told) {
    for (const sign of ["play", "pause", "ended", "seeking", "seeked", "ratechange", "error"]) {
      this.video.addEventListener(sign, () => told(sign));
    }
  }

  resumeAt(seconds) {
    const seek = () => {
      const end = this.video.duration;
      if (seconds > 1 && seconds < end - 3) this.video.currentTime = seconds;
      this.#position = this.video.currentTime;
    };
    if (this.video.readyState > 0) seek();
    else this.video.addEventListener("loadedmetadata", seek, { once: true });
  }

  pause() {
    this.video.pause();
  }

  play() {
    this.video.play().catch(() => {});
  }

  restart() {
    this.video.currentTime = 0;
    this.play();
  }

  #follow() {
    if (!this.video.seeking) this.#position = this.video.currentTime;
  }
}

class Document {
  constructor(frame, activity) {
    this.document = true;
    this.ended = false;
    this.failed = false;
    this.playing = true;
    this.rate = 1;
    this.openedMs = Date.now();
    const watch = () => {
      try {
        activity.watch(frame.contentWindow);
      } catch {
        // A document from elsewhere tells us nothing; this page's own signs remain.
      }
    };
    frame.addEventListener("load", watch);
    watch();
  }

  get position() {
    return Math.max(0, (Date.now() - this.openedMs) / 1000);
  }

  get target() {
    return this.position;
  }

  onChange() {}

  resumeAt() {}

  pause() {}

  play() {}

  restart() {}
}
