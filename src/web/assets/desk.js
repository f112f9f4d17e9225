// The desk in a browser: the line to the server (WebSocket), the sound (WebRTC), and what a person does.

const AGAIN_MS = [200, 500, 1000, 2000, 3000];
// The server says every two seconds that the line holds.
const SILENT_MS = 6000;
// Who is doing what is asked so often while somebody may be named.
const COLLEAGUES_MS = 2000;
// After the last letter of what is looked for.
const SEARCH_MS = 300;
// A look at the login that takes longer says nothing.
const LOOK_MS = 3000;

class DeskConsole extends HTMLElement {
  connectedCallback() {
    if (this.started) return;
    this.started = true;
    this.words = JSON.parse(this.dataset.words);
    this.piece = (name) => this.querySelector(`[data-part="${name}"]`);
    this.title0 = document.title;
    this.state = { state: "connecting", since: Date.now() };
    this.call = null;
    this.tries = 0;
    this.turn = 0;
    this.stop = new AbortController();
    const on = { signal: this.stop.signal };
    this.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button?.dataset.do) this.act(button.dataset.do);
      if (button?.dataset.key) this.key(button.dataset.key);
    }, on);
    this.piece("breaks").addEventListener("change", ({ target }) => {
      if (target.value) this.say({ say: "break", reason: target.value });
      target.value = "";
      target.blur();
    }, on);
    // Who is chosen last is meant: a desk of the list, or a number outside.
    this.piece("colleagues").addEventListener("change", () => { this.piece("outside").value = ""; this.show(); }, on);
    this.piece("outside").addEventListener("input", () => { this.piece("colleagues").value = ""; this.show(); }, on);
    this.piece("note").addEventListener("submit", (event) => {
      event.preventDefault();
      this.saveNote();
    }, on);
    this.piece("note_matter").addEventListener("input", () => {
      clearTimeout(this.searching);
      this.searching = setTimeout(() => this.findMatters(), SEARCH_MS);
    }, on);
    this.piece("microphones").addEventListener("change", ({ target }) => {
      this.keep("microphone", target.value);
      this.changeMicrophone();
    }, on);
    this.piece("speakers").addEventListener("change", ({ target }) => {
      this.keep("speaker", target.value);
      this.useSpeaker();
    }, on);
    addEventListener("keydown", (event) => this.keyed(event), on);
    addEventListener("beforeunload", (event) => { if (this.call?.talk) event.preventDefault(); }, on);
    // Other pages open beside this one: leaving it would leave the talk.
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[href]");
      if (link && this.call && !link.getAttribute("href").startsWith("#")) link.target = "_blank";
    }, { capture: true, signal: this.stop.signal });
    document.addEventListener("turbo:before-visit", (event) => {
      if (this.call) { event.preventDefault(); open(event.detail.url, "_blank"); }
    }, on);
    addEventListener("online", () => this.networkIsBack(), on);
    navigator.mediaDevices?.addEventListener?.("devicechange", () => this.listDevices(), on);
    this.clock = setInterval(() => this.tick(), 250);
    this.listDevices();
    this.showNotify();
    this.connect();
    this.show();
  }

  disconnectedCallback() {
    clearInterval(this.clock);
    clearTimeout(this.next);
    this.stop?.abort();
    this.gone = true;
    this.socket?.close();
    this.callEnds();
    this.sounds?.close();
    document.title = this.title0;
  }

  // --- the line to the server

  connect() {
    const address = new URL("/desk/line", location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    this.socket = socket;
    this.heardAt = Date.now();
    socket.onmessage = ({ data }) => {
      if (socket !== this.socket) return;
      this.tries = 0;
      this.heardAt = Date.now();
      this.told(JSON.parse(data));
    };
    socket.onclose = () => {
      if (socket === this.socket) this.reconnect(AGAIN_MS[Math.min(this.tries++, AGAIN_MS.length - 1)]);
    };
  }

  // What the line that was says from here on is nobody's.
  reconnect(wait) {
    if (this.gone || this.displaced) return;
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    this.setState({ state: "reconnecting" });
    clearTimeout(this.next);
    this.next = setTimeout(() => this.connectIfLoggedIn(), wait);
  }

  // Another network, or the same again: the line of before may never say that it is gone.
  networkIsBack() {
    this.tries = 0;
    if (this.socket?.readyState === WebSocket.OPEN) this.heardAt = Math.min(this.heardAt, Date.now() - SILENT_MS + 2500);
    else this.reconnect(0);
  }

  // A page that was itself asleep has not read yet what came meanwhile.
  watchLine() {
    const [before, now] = [this.watchedAt ?? 0, Date.now()];
    this.watchedAt = now;
    if (!this.socket) return;
    if (now - before > 2000) this.heardAt = Math.max(this.heardAt, now - SILENT_MS / 2);
    else if (now - this.heardAt > SILENT_MS) this.reconnect(0);
  }

  // A login that is over closes the line; then there is nothing to come back to.
  async connectIfLoggedIn() {
    const attempt = this.attempt = (this.attempt ?? 0) + 1;
    try {
      const signal = AbortSignal.timeout(LOOK_MS);
      const answer = await fetch("/desk", { method: "GET", redirect: "manual", cache: "no-store", signal });
      if (answer.type === "opaqueredirect" || answer.status === 403) {
        this.gone = true;
        this.callEnds();
        this.fail("logged_out");
        return;
      }
    } catch { /* no network: the socket will tell */ }
    // The network came back meanwhile, and another attempt goes before.
    if (!this.gone && attempt === this.attempt && !this.socket) this.connect();
  }

  say(what) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(what));
  }

  told(message) {
    switch (message.tell) {
      case "hello": return this.hello(message);
      case "state": return this.setState(message);
      case "ring": return this.rings(message);
      case "ring_over": return this.over(message, false);
      case "answer": return this.answered(message);
      case "talk": return this.talks(message);
      case "talk_over": return this.over(message, true);
      case "refused": return this.refused(message.why);
      case "login_ends": return this.loginEnds(message.in_s);
      case "displaced":
        this.displaced = true;
        this.callEnds();
        this.fail(null);
        return this.setState({ state: "displaced" });
    }
  }

  // Nothing that goes on is cut by it.
  loginEnds(seconds) {
    const notice = this.piece("login");
    notice.textContent = seconds ? this.words.login_ends.replace("{minutes}", Math.ceil(seconds / 60)) : this.words.login_over;
    notice.hidden = false;
  }

  hello(message) {
    this.fail(null);
    this.piece("login").hidden = true;
    this.desk = message.desk;
    this.mayNote(message.last ?? null);
    this.piece("who").textContent = [message.desk, message.staff].filter(Boolean)
      .filter((word, at, all) => all.indexOf(word) === at).join(" · ");
    const breaks = this.piece("breaks");
    while (breaks.options.length > 1) breaks.remove(1);
    for (const reason of message.breaks) breaks.add(new Option(reason, reason));
    breaks.disabled = !message.breaks.length;
    // What rang before rings no more unless it is told again, and a talk that ended meanwhile is over.
    if (this.call && (!this.call.talk || this.call.line !== message.line)) this.callEnds();
    this.setState({ state: "offline" });
    this.show();
  }

  setState(state) {
    this.state = { ...state, since: Date.now() };
    this.show();
  }

  // --- a call

  rings(message) {
    this.call = { ...message, since: Date.now() - 1000 * message.waited_s };
    this.fail(null);
    // Its person has asked for it.
    if (message.supervises) this.accept();
    else this.ringBegins();
    this.show();
  }

  talks(message) {
    this.ringEnds();
    const before = this.call?.line === message.line ? this.call : {};
    if (!message.supervises) this.mayNote(null);
    this.call = { ...before, supervises: null, under_way: null, troubles: [], ...message, talk: true, since: Date.now() - 1000 * message.for_s };
    if (message.again) this.again();
    // Whatever else a page is told in its talk takes no refusal away.
    else if (!before.talk || before.again) { this.fail(null); if (this.muted) this.tellMute(); }
    this.show();
  }

  over(message, talk) {
    if (this.call?.line !== message.line) return;
    const { supervises } = this.call;
    this.callEnds();
    if (talk && !supervises) this.mayNote(message.call);
    if (talk) this.piece("last").replaceChildren(this.lastCall(message));
    if (["no_sound", "unfit_offer"].includes(message.why)) this.fail(`why_${message.why}`);
  }

  // Nothing rings or talks here: the microphone is nobody's.
  callEnds() {
    this.call = null;
    this.accepting = null;
    this.ringEnds();
    this.soundEnds();
    this.microphoneEnds();
    this.show();
  }

  lastCall({ call, why }) {
    const text = document.createElement("span");
    text.textContent = `${this.words.last_call} ${this.words[`over_${why}`] ?? ""} `;
    // Who may not open it has its number, to say which call he means.
    const opens = "opensCalls" in this.dataset;
    const link = document.createElement(opens ? "a" : "span");
    if (opens) Object.assign(link, { href: `/calls/${call}`, target: "_blank" });
    link.textContent = call;
    text.append(link);
    return text;
  }

  act(what) {
    const line = this.call?.line;
    switch (what) {
      case "ready":
        this.wakeSound();
        this.askMicrophone();
        return this.say({ say: "ready" });
      case "offline": return this.say({ say: "offline" });
      case "accept": return this.call && !this.call.talk && this.accept();
      case "refuse": return this.call && !this.call.talk && this.say({ say: "refuse", line });
      case "mute": return this.call?.talk && this.mute(!this.muted);
      case "supervise_listen":
      case "supervise_whisper":
      case "supervise_join": return this.call?.supervises && this.say({ say: "supervise", line, mode: what.slice("supervise_".length) });
      case "take_over": return this.call?.supervises && this.say({ say: "take_over", line });
      case "stop_supervising": return this.call?.supervises && this.say({ say: "hang_up", line });
      case "hold": return this.owns() && this.say({ say: "hold", line, on: !this.call.held });
      case "keys": return this.owns() && this.toggleKeys();
      case "to_rating": return this.owns() && this.say({ say: "to_rating", line });
      case "transfer":
      case "consult":
      case "join_all":
      case "complete":
      case "take_back": return this.handOn(what);
      case "hang_up": return this.call?.talk && this.say({ say: "hang_up", line });
      case "try_sound": return this.beep();
      case "notify": return Notification?.requestPermission().then(() => this.showNotify());
    }
  }

  // A call of another desk that is supervised here is none of its own.
  owns() {
    return this.call?.talk && !this.call.supervises;
  }

  // --- after a call

  // What was typed of one call is not the next one's.
  mayNote(call) {
    if (this.noting === call) return;
    this.noting = call;
    this.piece("note").hidden = !call;
    for (const part of ["note_text", "note_matter"]) this.piece(part).value = "";
    this.piece("note_said").textContent = "";
    this.piece("matters").replaceChildren();
  }

  async saveNote() {
    const call = this.noting;
    const [note, matter] = ["note_text", "note_matter"].map((part) => this.piece(part).value.trim());
    if (!call || !(note || matter)) return;
    let word = "note_failed";
    try {
      const answer = await fetch("/desk/note", {
        method: "POST", redirect: "error", signal: AbortSignal.timeout(2 * LOOK_MS),
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ call, note, matter: matter || null }),
      });
      word = { 204: "note_kept", 403: "note_too_late", 409: "note_unfit" }[answer.status] ?? word;
    } catch { /* not kept */ }
    if (call === this.noting) this.piece("note_said").textContent = this.words[word];
  }

  async findMatters() {
    const search = this.piece("note_matter").value.trim();
    if (!search) return;
    try {
      const signal = AbortSignal.timeout(LOOK_MS);
      const answer = await fetch(`/desk/matters?${new URLSearchParams({ search })}`, { redirect: "error", cache: "no-store", signal });
      if (!answer.ok || search !== this.piece("note_matter").value.trim()) return;
      const found = await answer.json();
      this.piece("matters").replaceChildren(...found.map(({ code, name }) => new Option(`${name}（${code}）`, code)));
    } catch { /* the list stays as it is */ }
  }

  // --- other desks

  named() {
    return this.piece("outside").value.trim() || this.piece("colleagues").value;
  }

  // Those who may be named with it have to be.
  may(step) {
    const named = !["transfer", "consult"].includes(step) || this.named();
    return Boolean(this.owns() && !this.call.again && this.call.may?.includes(step) && named);
  }

  handOn(step) {
    if (!this.may(step)) return;
    this.fail(null);
    const whom = ["transfer", "consult"].includes(step) ? { whom: this.named() } : {};
    this.say({ say: "hand_on", line: this.call.line, step, ...whom });
  }

  showHandOn() {
    const owns = Boolean(this.owns());
    this.piece("hand_on").hidden = !owns;
    if (!owns) { this.nobodyNamed(); return; }
    this.piece("outside_label").hidden = !this.call.outside?.length;
    for (const step of ["transfer", "consult", "join_all", "complete", "take_back"]) {
      this.querySelector(`[data-do=${step}]`).disabled = !this.may(step);
    }
    this.piece("under_way").textContent = this.words[this.call.under_way] ?? "";
  }

  nobodyNamed() {
    for (const part of ["colleagues", "outside"]) this.piece(part).value = "";
  }

  // Why something was refused; of a number, which may be named.
  refused(why) {
    this.fail(`why_${why}`);
    const allowed = this.call?.outside;
    if (why === "outside_not_allowed" && allowed?.length) {
      this.piece("error").textContent += ` ${this.words.outside_allowed} ${allowed.join("、")}`;
    }
  }

  async askColleagues() {
    const now = Date.now();
    if (!this.owns() || !this.call.may?.includes("transfer") || now - (this.askedAt ?? 0) < COLLEAGUES_MS) return;
    // An open list is not to change under the hand that chooses.
    if (document.activeElement === this.piece("colleagues") && this.piece("colleagues").options.length > 1) return;
    this.askedAt = now;
    try {
      const signal = AbortSignal.timeout(LOOK_MS);
      const answer = await fetch("/desk/colleagues", { redirect: "error", cache: "no-store", signal });
      if (!answer.ok) throw new Error(answer.statusText);
      this.listColleagues(await answer.json());
    } catch {
      if (this.piece("colleagues").options.length < 2) this.piece("under_way").textContent = this.words.no_list;
    }
  }

  listColleagues({ desks, groups }) {
    const select = this.piece("colleagues");
    const chosen = select.value;
    const part = (label, options) => {
      const group = document.createElement("optgroup");
      group.label = label;
      group.append(...options);
      return options.length ? [group] : [];
    };
    const others = desks.filter(({ name }) => name !== this.desk).map(({ name, staff, doing }) => {
      const called = staff && staff !== name ? `${name} · ${staff}` : name;
      return new Option(`${called}（${this.words[doing] ?? doing}）`, name);
    });
    const all = groups.map(({ name, ready }) => new Option(`${name}（${this.words.ready_desks} ${ready}）`, name));
    select.replaceChildren(select.options[0], ...part(this.words.groups, all), ...part(this.words.desks, others));
    select.value = chosen;
    if (select.selectedIndex < 0) select.value = "";
    this.showHandOn();
  }

  key(key) {
    if (this.owns()) this.say({ say: "key", line: this.call.line, key });
  }

  toggleKeys() {
    const keys = this.piece("keys");
    keys.hidden = !keys.hidden;
    this.querySelector("[data-do=keys]").setAttribute("aria-expanded", String(!keys.hidden));
    if (!keys.hidden) keys.querySelector("button").focus();
  }

  keyed(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    if (event.target.closest?.("input, textarea, select")) return;
    if (!this.piece("keys").hidden && this.call?.talk && "0123456789*#".includes(event.key)) {
      event.preventDefault();
      return this.key(event.key);
    }
    const keys = { 1: "ready", 0: "offline", a: "accept", d: "refuse", m: "mute", h: "hold", k: "keys", r: "to_rating", e: "hang_up" };
    const what = keys[event.key.toLowerCase()];
    if (!what) return;
    event.preventDefault();
    this.act(what);
  }

  // --- sound

  async accept() {
    const { line } = this.call;
    if (this.accepting === line) return;
    this.accepting = line;
    const turn = ++this.turn;
    const sdp = await this.offer(turn);
    if (turn !== this.turn || this.call?.line !== line) return;
    if (!sdp) return this.say({ say: "no_microphone", line });
    this.say({ say: "accept", line, sdp, turn });
  }

  async again() {
    const { line } = this.call;
    this.fail("away");
    const turn = ++this.turn;
    const sdp = await this.offer(turn);
    if (turn === this.turn && this.call?.line === line && sdp) this.say({ say: "again", line, sdp, turn });
  }

  // An offer of sound; nothing where there is no microphone, or a later offer has taken this one's turn.
  async offer(turn) {
    this.peerEnds();
    const microphone = await this.microphone();
    if (turn !== this.turn) {
      if (!this.call) this.microphoneEnds();
      return null;
    }
    if (!microphone) return null;
    const peer = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    this.peer = peer;
    peer.addTrack(microphone.getAudioTracks()[0], microphone);
    peer.ontrack = ({ track }) => this.hear(new MediaStream([track]));
    peer.onconnectionstatechange = () => {
      if (peer === this.peer && peer.connectionState === "failed" && this.call?.talk) this.again();
    };
    try {
      await peer.setLocalDescription(await peer.createOffer());
      return peer.localDescription.sdp;
    } catch (fault) {
      // Closed meanwhile, by a later turn.
      if (peer === this.peer) { console.error(fault); this.fail("why_no_sound"); }
      return null;
    }
  }

  // Only the answer to the offer that stands: one to an earlier turn has the keys of a peer that is closed.
  async answered({ line, turn, sdp }) {
    const { peer } = this;
    if (this.call?.line !== line || turn !== this.turn || peer?.signalingState !== "have-local-offer") return;
    try {
      await peer.setRemoteDescription({ type: "answer", sdp });
    } catch (fault) {
      if (peer !== this.peer) return;
      console.error(fault);
      this.fail("why_no_sound");
    }
  }

  hear(stream) {
    const sound = this.piece("sound");
    sound.srcObject = stream;
    sound.play().catch(() => {});
    this.useSpeaker();
    this.levelOfCaller = this.measure(stream);
  }

  // An offer that is being made has nobody any more, either.
  soundEnds() {
    this.turn += 1;
    this.peerEnds();
  }

  peerEnds() {
    const peer = this.peer;
    this.peer = null;
    peer?.close();
    const sound = this.piece("sound");
    if (sound) sound.srcObject = null;
    this.levelOfCaller?.source.disconnect();
    this.levelOfCaller = null;
  }

  // Whoever asks while it is being asked for gets the same one.
  microphone() {
    const live = this.mic?.getAudioTracks()[0]?.readyState === "live";
    if (live) return Promise.resolve(this.mic);
    this.asking ??= this.openMicrophone().finally(() => { this.asking = null; });
    return this.asking;
  }

  async openMicrophone() {
    if (!navigator.mediaDevices?.getUserMedia) {
      this.fail("insecure");
      return null;
    }
    const wanted = this.kept("microphone");
    const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
    try {
      if (wanted) audio.deviceId = { exact: wanted };
      this.mic = await navigator.mediaDevices.getUserMedia({ audio }).catch((fault) => {
        if (!wanted || fault.name === "NotAllowedError") throw fault;
        // The chosen one is not plugged in: any will do.
        delete audio.deviceId;
        return navigator.mediaDevices.getUserMedia({ audio });
      });
    } catch (fault) {
      this.fail(fault.name === "NotAllowedError" ? "microphone_denied" : "no_microphone");
      return null;
    }
    const track = this.mic.getAudioTracks()[0];
    track.onended = () => { if (this.call) this.fail("microphone_lost"); };
    this.mute(false);
    this.levelOfMe = this.measure(this.mic);
    this.listDevices();
    return this.mic;
  }

  // Asked for when going ready, so that the first call finds it there.
  async askMicrophone() {
    await this.microphone();
    if (!this.call) this.microphoneEnds();
  }

  microphoneEnds() {
    for (const track of this.mic?.getTracks() ?? []) { track.onended = null; track.stop(); }
    this.mic = null;
    this.levelOfMe?.source.disconnect();
    this.levelOfMe = null;
    this.mute(false);
  }

  async changeMicrophone() {
    if (!this.mic) return;
    const muted = this.muted;
    this.microphoneEnds();
    const microphone = await this.microphone();
    const sender = this.peer?.getSenders().find(({ track }) => track?.kind === "audio" || track === null);
    if (microphone && sender) await sender.replaceTrack(microphone.getAudioTracks()[0]);
    this.mute(muted);
  }

  mute(muted) {
    this.muted = muted;
    this.tellMute();
    for (const track of this.mic?.getAudioTracks() ?? []) track.enabled = !muted;
    this.show();
  }

  // Whoever is silent on purpose is not warned of. Told again wherever the other side may not know.
  tellMute() {
    if (this.owns()) this.say({ say: "mute", line: this.call.line, on: Boolean(this.muted) });
  }

  async useSpeaker() {
    const speaker = this.kept("speaker");
    const sound = this.piece("sound");
    if (sound.setSinkId) await sound.setSinkId(speaker ?? "").catch(() => {});
    if (this.sounds?.setSinkId) await this.sounds.setSinkId(speaker ?? "").catch(() => {});
  }

  async listDevices() {
    if (!navigator.mediaDevices?.enumerateDevices) return;
    const devices = await navigator.mediaDevices.enumerateDevices();
    for (const [part, kind, kept] of [["microphones", "audioinput", "microphone"], ["speakers", "audiooutput", "speaker"]]) {
      const select = this.piece(part);
      const found = devices.filter((device) => device.kind === kind && device.deviceId && device.deviceId !== "default");
      select.replaceChildren(new Option(this.words.default_device, ""),
        ...found.map((device, at) => new Option(device.label || `${at + 1}`, device.deviceId)));
      const wanted = this.kept(kept);
      select.value = found.some((device) => device.deviceId === wanted) ? wanted : "";
      select.disabled = kind === "audiooutput" && !this.piece("sound").setSinkId;
    }
  }

  kept(name) { try { return localStorage.getItem(`desk-${name}`) || null; } catch { return null; } }
  keep(name, value) { try { localStorage.setItem(`desk-${name}`, value); } catch { /* not kept */ } }

  wakeSound() {
    this.sounds ??= new AudioContext();
    this.sounds.resume();
    this.useSpeaker();
    return this.sounds;
  }

  measure(stream) {
    const sounds = this.wakeSound();
    const source = sounds.createMediaStreamSource(stream);
    const analyser = sounds.createAnalyser();
    analyser.fftSize = 2048;
    source.connect(analyser);
    return { source, analyser, samples: new Float32Array(analyser.fftSize) };
  }

  loudness(level) {
    if (!level) return 0;
    level.analyser.getFloatTimeDomainData(level.samples);
    return Math.sqrt(level.samples.reduce((sum, sample) => sum + sample * sample, 0) / level.samples.length);
  }

  // --- ringing, also where the tab is not seen

  ringBegins() {
    this.ringEnds();
    const title = `☎ ${this.words.ring_title}`;
    this.ringing = setInterval(() => {
      document.title = document.title === title ? this.title0 : title;
    }, 1000);
    document.title = title;
    this.beep();
    this.beeping = setInterval(() => this.beep(), 3000);
    if (document.hidden && globalThis.Notification?.permission === "granted") {
      const text = [this.call.caller ?? this.words.no_number, this.call.matter].filter(Boolean).join(" · ");
      this.notification = new Notification(this.words.ring_title, { body: text, tag: "desk-ring", requireInteraction: true });
      this.notification.onclick = () => { focus(); this.notification?.close(); };
    }
  }

  ringEnds() {
    clearInterval(this.ringing);
    clearInterval(this.beeping);
    this.notification?.close();
    this.notification = null;
    document.title = this.title0;
  }

  beep() {
    const sounds = this.wakeSound();
    for (const at of [0, 0.45]) {
      const [tone, gain] = [sounds.createOscillator(), sounds.createGain()];
      tone.frequency.value = 620;
      gain.gain.setValueAtTime(0, sounds.currentTime + at);
      gain.gain.linearRampToValueAtTime(0.2, sounds.currentTime + at + 0.02);
      gain.gain.setValueAtTime(0.2, sounds.currentTime + at + 0.3);
      gain.gain.linearRampToValueAtTime(0, sounds.currentTime + at + 0.35);
      tone.connect(gain).connect(sounds.destination);
      tone.start(sounds.currentTime + at);
      tone.stop(sounds.currentTime + at + 0.4);
    }
  }

  showNotify() {
    const button = this.piece("notify");
    const may = globalThis.Notification;
    button.hidden = !may;
    if (!may) return;
    button.disabled = may.permission !== "default";
    button.textContent = may.permission === "granted" ? this.words.notify_on : this.words.notify_off;
  }

  // --- what is seen

  fail(word) {
    const error = this.piece("error");
    error.hidden = !word;
    error.textContent = word ? this.words[word] ?? word : "";
  }

  show() {
    const { state, reason } = this.state;
    const lamp = this.piece("state");
    lamp.textContent = [this.words[state] ?? state, reason].filter(Boolean).join(" · ");
    lamp.className = `lamp desk-${state}`;
    this.dataset.state = state;
    for (const [what, states] of [["ready", ["ready", "ringing", "talking"]], ["offline", ["offline"]]]) {
      this.querySelector(`[data-do=${what}]`).disabled = states.includes(state) || ["connecting", "reconnecting", "displaced"].includes(state);
    }
    const { call } = this;
    this.piece("call").hidden = !call;
    this.piece("idle").hidden = Boolean(call);
    if (!call) { this.piece("keys").hidden = true; this.nobodyNamed(); return; }
    const { supervises } = call;
    this.piece("what").textContent = supervises ? this.words[`supervising_${supervises}`]
      : call.talk ? (call.held ? this.words.held : this.words.talking) : this.words.ring_title;
    this.piece("call").dataset.kind = call.talk ? (call.held ? "held" : "talk") : "ring";
    this.piece("caller").textContent = call.caller ?? this.words.no_number;
    this.piece("matter").textContent = call.matter ?? "–";
    this.piece("time_name").textContent = call.talk ? this.words.talking : this.words.waited;
    this.piece("ring_buttons").hidden = Boolean(call.talk || supervises);
    this.piece("talk_buttons").hidden = !this.owns();
    this.piece("supervise_buttons").hidden = !(call.talk && supervises);
    for (const mode of ["listen", "whisper", "join"]) {
      this.querySelector(`[data-do=supervise_${mode}]`).setAttribute("aria-pressed", String(mode === supervises));
    }
    this.showTroubles();
    this.showHandOn();
    if (supervises) this.piece("keys").hidden = true;
    this.pressed("mute", this.muted, this.muted ? this.words.unmute : this.words.mute);
    this.pressed("hold", call.held, call.held ? this.words.resume : this.words.hold);
  }

  // Who is not heard, or hears nothing, and what to do.
  showTroubles() {
    const troubles = this.owns() ? this.call.troubles ?? [] : [];
    const piece = this.piece("troubles");
    const text = troubles.map((word) => this.words[`do_${word}`] ?? word).join(" ");
    piece.hidden = !text;
    if (piece.textContent !== text) piece.textContent = text;
  }

  pressed(what, on, word) {
    this.querySelector(`[data-do=${what}]`).setAttribute("aria-pressed", String(Boolean(on)));
    this.piece(`${what}_word`).textContent = word;
  }

  tick() {
    const passed = (since) => Math.max(0, Math.round((Date.now() - since) / 1000));
    const text = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    const { since, left_s: left } = this.state;
    this.piece("clock").textContent = left === undefined
      ? text(passed(since)) : `${this.words.left} ${text(Math.max(0, left - passed(since)))}`;
    if (this.call) this.piece("time").textContent = text(passed(this.call.since));
    this.watchLine();
    this.askColleagues();
    this.piece("level_me").value = this.muted ? 0 : this.loudness(this.levelOfMe);
    this.piece("level_caller").value = this.loudness(this.levelOfCaller);
    this.watchMicrophone();
  }

  // A microphone that gives nothing at all is seen within 5 s: an open one is never quite silent.
  watchMicrophone() {
    const talks = this.call?.talk && this.call.supervises !== "listen" && !this.muted && !this.call.held && this.levelOfMe;
    const silent = talks && this.loudness(this.levelOfMe) < 1e-5;
    if (!silent) {
      if (this.silentSince && this.saidSilent) this.fail(null);
      this.silentSince = null;
      this.saidSilent = false;
    } else if (!(this.silentSince ??= Date.now()) || Date.now() - this.silentSince > 4000) {
      this.saidSilent = true;
      this.fail("microphone_silent");
    }
  }
}

customElements.define("desk-console", DeskConsole);
