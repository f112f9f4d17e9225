// Parts of a page that go on changing are fetched again while somebody looks at them.
// A frame names its address and its beat: data-refresh="/live" data-refresh-s="3".

// A page nobody touches must not keep its login alive: after this long it stops asking.
const IDLE_MS = 15 * 60 * 1000;
let touchedAt = Date.now();
for (const event of ["pointerdown", "pointermove", "keydown", "scroll"]) {
  addEventListener(event, () => { touchedAt = Date.now(); }, { passive: true });
}

const due = new WeakMap();

setInterval(() => {
  if (document.hidden || Date.now() - touchedAt > IDLE_MS) return;
  for (const frame of document.querySelectorAll("turbo-frame[data-refresh]")) {
    const next = due.get(frame) ?? Date.now() + 1000 * frame.dataset.refreshS;
    due.set(frame, next);
    // What somebody is listening to or reading from is not replaced.
    const inUse = [...frame.querySelectorAll("audio")].some((audio) => !audio.paused);
    if (Date.now() < next || inUse || frame.hasAttribute("busy")) continue;
    due.set(frame, Date.now() + 1000 * frame.dataset.refreshS);
    if (frame.src) frame.reload();
    else frame.src = new URL(frame.dataset.refresh, location.href).href;
  }
}, 500);

// A frame that is watched only while something goes on (data-refresh-while) rests when it is over.
document.addEventListener("turbo:frame-load", ({ target }) => {
  const goesOn = target.dataset.refreshWhile;
  if (goesOn && !target.querySelector(goesOn)) delete target.dataset.refresh;
});

// A frame whose page has moved on (the login is over, an error) shows that page whole.
document.addEventListener("turbo:frame-missing", (event) => {
  event.preventDefault();
  event.detail.visit(event.detail.response.url);
});

// Empty fields make no parameters: the address of a filtered list stays readable.
document.addEventListener("submit", (event) => {
  if (!event.target.matches("form.filter")) return;
  for (const field of event.target.elements) {
    if (field.name && field.value === "") field.disabled = true;
  }
  setTimeout(() => {
    for (const field of event.target.elements) field.disabled = false;
  });
}, true);
