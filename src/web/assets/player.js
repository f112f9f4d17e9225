// The recording's player: two waveforms (the caller, what the caller heard), marks of the timeline,
// a click or a key to seek. Without script the page keeps its plain audio element and links.

const weight = (row) => ["plain", "odd", "fault", "end", "key"].indexOf(row.classList[0]);

class CallPlayer extends HTMLElement {
  connectedCallback() {
    this.start();
  }

  // Also when the recording of a call that was watched live has come.
  start() {
    this.audio = this.querySelector("audio[src$='/recording']");
    if (!this.audio || this.ready) return;
    this.ready = true;
    this.canvas = this.querySelector("canvas");
    this.lengthS = Number(this.dataset.lengthMs) / 1000;
    this.controls();
    this.rows = [...this.querySelectorAll("tr[data-at]")].map((row) => ({ row, at: Number(row.dataset.at) }));
    this.addEventListener("click", (event) => this.seekByRow(event));
    this.addEventListener("keydown", (event) => this.key(event));
    for (const event of ["timeupdate", "seeked", "play", "pause", "loadedmetadata"]) {
      this.audio.addEventListener(event, () => this.follow());
    }
    this.drawWaveform();
  }

  disconnectedCallback() {
    this.sizes?.disconnect();
    this.audio?.pause();
  }

  controls() {
    const controls = this.querySelector(".controls");
    controls.hidden = false;
    for (const button of controls.querySelectorAll("[data-skip]")) {
      button.addEventListener("click", () => this.seek(this.audio.currentTime + Number(button.dataset.skip)));
    }
    controls.querySelector("[data-speed]").addEventListener("change", (event) => {
      this.audio.playbackRate = Number(event.target.value);
    });
  }

  seek(seconds, play) {
    this.audio.currentTime = Math.max(0, Math.min(seconds, this.lengthS || seconds));
    if (play) this.play();
    this.follow();
  }

  play() {
    this.audio.play().catch(() => {}); // a browser may want a click of its own first
  }

  seekByRow(event) {
    const row = event.target.closest("tr[data-at]");
    if (!row || Number(row.dataset.at) < 0) return;
    if (!event.target.closest("a.seek") && event.target.closest("a")) return;
    event.preventDefault();
    this.seek(Number(row.dataset.at), true);
  }

  key(event) {
    if (event.target.closest("input, select, textarea, summary, button") || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target === this.audio) return;
    const now = this.audio.currentTime;
    const act = {
      " ": () => (this.audio.paused ? this.play() : this.audio.pause()),
      ArrowLeft: () => this.seek(now - (event.shiftKey ? 1 : 10)),
      ArrowRight: () => this.seek(now + (event.shiftKey ? 1 : 10)),
      Home: () => this.seek(0),
      End: () => this.seek(this.lengthS),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  async drawWaveform() {
    const response = await fetch(this.dataset.peaks).catch(() => null);
    if (!response?.ok || !this.isConnected) return;
    this.peaks = await response.json();
    this.lengthS = this.peaks.length_ms / 1000 || this.lengthS;
    this.querySelector(".wave").hidden = false;
    this.canvas.setAttribute("aria-valuemax", this.lengthS.toFixed(0));
    this.placeMarks();
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      this.seekByPointer(event);
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (event.buttons & 1) this.seekByPointer(event);
    });
    this.sizes = new ResizeObserver(() => this.paint());
    this.sizes.observe(this.canvas);
    this.follow();
  }

  seekByPointer(event) {
    const box = this.canvas.getBoundingClientRect();
    this.seek(((event.clientX - box.left) / box.width) * this.lengthS);
  }

  // What happens at once is one mark, so that none lies under another: it looks like its weightiest
  // line, leads to it, and names them all.
  placeMarks() {
    const place = this.querySelector(".marks");
    for (const lines of this.marksAtOnce()) {
      const chief = lines.reduce((one, other) => (weight(other.row) > weight(one.row) ? other : one));
      const mark = document.createElement("button");
      mark.type = "button";
      mark.tabIndex = -1; // the timeline's rows are the keyboard's way
      mark.className = `mark ${chief.row.classList[0]}`;
      mark.title = lines.map(({ row }) => row.dataset.label.trim()).join("\n");
      mark.style.left = `clamp(6px, ${(100 * chief.at) / this.lengthS}%, 100% - 6px)`;
      mark.addEventListener("click", () => this.seek(chief.at, true));
      place.append(mark);
    }
  }

  marksAtOnce() {
    const near = Math.max(0.3, this.lengthS / 120); // about the width of a mark
    const groups = [];
    for (const line of this.rows) {
      if (line.at < 0 || line.at > this.lengthS + 0.5 || line.row.classList.contains("quiet")) continue;
      const last = groups.at(-1);
      if (last && line.at - last[0].at <= near) last.push(line);
      else groups.push([line]);
    }
    return groups;
  }

  follow() {
    const now = this.audio.currentTime;
    let last = null;
    for (const entry of this.rows) {
      entry.row.classList.remove("now");
      if (entry.at <= now + 0.05) last = entry;
    }
    last?.row.classList.add("now");
    this.canvas?.setAttribute("aria-valuenow", now.toFixed(0));
    this.canvas?.setAttribute("aria-valuetext", `${Math.floor(now / 60)}:${String(Math.floor(now % 60)).padStart(2, "0")}`);
    this.paint();
  }

  paint() {
    if (!this.peaks || !this.canvas.clientWidth) return;
    const scale = devicePixelRatio || 1;
    const width = Math.round(this.canvas.clientWidth * scale);
    const height = Math.round(this.canvas.clientHeight * scale);
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    const pen = this.canvas.getContext("2d");
    const style = getComputedStyle(this.canvas);
    const played = (this.audio.currentTime / this.lengthS) * width;
    pen.clearRect(0, 0, width, height);
    this.peaks.channels.forEach((pairs, lane) => {
      const laneHeight = height / this.peaks.channels.length;
      const middle = laneHeight * (lane + 0.5);
      const columns = pairs.length / 2;
      const step = width / Math.max(columns, 1);
      const colour = style.getPropertyValue(lane === 0 ? "--wave-caller" : "--wave-heard");
      for (let column = 0; column < columns; column += 1) {
        const x = column * step;
        const top = middle - (pairs[2 * column + 1] / 128) * laneHeight * 0.46;
        const bottom = middle - (pairs[2 * column] / 128) * laneHeight * 0.46;
        pen.globalAlpha = x < played ? 1 : 0.5;
        pen.fillStyle = colour;
        pen.fillRect(x, top, Math.max(step * 0.8, 1), Math.max(bottom - top, scale));
      }
    });
    pen.globalAlpha = 1;
    pen.fillStyle = style.getPropertyValue("--line");
    pen.fillRect(0, height / 2, width, scale);
    pen.fillStyle = style.getPropertyValue("--accent");
    pen.fillRect(played - scale, 0, 2 * scale, height);
  }
}

customElements.define("call-player", CallPlayer);

document.addEventListener("turbo:frame-load", ({ target }) => {
  for (const player of target.querySelectorAll("call-player")) player.start();
});
