// The two kinds of courseware behind one face: where it is, how fast it runs, when that changes.

import { sparing } from "./sparing.js";

export function openMedia(root, activity) {
  const video = root.querySelector("video");
  if (video && !sparing()) video.preload = "metadata"; // the page itself says "none"
  return video ? new Video(video) : new Document(root.querySelector("iframe"), activity);
}

const CHANGES = [
  "loadedmetadata", "play", "playing", "waiting", "pause", "ended", "seeking", "seeked", "ratechange", "error",
];

class Video {
  #position;
  #resume = null; // where to go on once there is anything to seek in

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
    return !paused && !ended && !seeking && !error && this.#resume === null;
  }

  // Play was pressed, and nothing moves yet.
  get loading() {
    const { paused, ended, error, readyState } = this.video;
    return !paused && !ended && !error && readyState < HTMLMediaElement.HAVE_FUTURE_DATA;
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

  set rate(rate) {
    this.video.playbackRate = rate;
  }

  // Where the media was until now: a jump moves this only once it has been told.
  get position() {
    if (!this.video.seeking) this.#follow();
    return this.#position;
  }

  get target() {
    return this.#resume ?? this.video.currentTime;
  }

  // told(change): just after something changed that a beat must speak of.
  onChange(told) {
    for (const sign of CHANGES) this.video.addEventListener(sign, () => told(sign));
  }

  // Until there is something to seek in, the media is said to be where it will go on.
  resumeAt(seconds) {
    const seek = () => {
      const end = this.video.duration;
      if (seconds > 1 && seconds < end - 3) this.video.currentTime = seconds;
      this.#resume = null;
      this.#position = this.video.currentTime;
    };
    this.#resume = this.#position = seconds;
    if (this.video.readyState > 0) seek();
    else this.video.addEventListener("loadedmetadata", seek, { once: true });
  }

  pause() {
    this.video.pause();
  }

  play() {
    this.video.play().catch(() => {});
  }

  playFrom(seconds) {
    if (this.#resume === null) this.video.currentTime = seconds;
    else this.resumeAt(seconds);
    this.play();
  }

  // What must be read may not lie behind a film.
  comeForward() {
    if (document.fullscreenElement) document.exitFullscreen().catch(() => {});
    if (document.pictureInPictureElement) document.exitPictureInPicture().catch(() => {});
    this.video.webkitExitFullscreen?.(); // telephones
  }

  #follow() {
    if (!this.video.seeking && this.#resume === null) this.#position = this.video.currentTime;
  }
}

class Document {
  constructor(frame, activity) {
    this.document = true;
    this.ended = false;
    this.failed = false;
    this.loading = false;
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

  playFrom() {}

  comeForward() {
    if (document.fullscreenElement) document.exitFullscreen().catch(() => {});
  }
}
