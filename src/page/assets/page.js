// The page works without it: it shows a run while it goes on, and copies commands.
"use strict";

const live = document.querySelector("[data-live]");
if (live !== null && "EventSource" in globalThis) {
  const events = new EventSource(live.dataset.live);
  events.addEventListener("run", (event) => {
    // Made and escaped by the server, as the page itself was.
    live.innerHTML = event.data;
  });
  events.addEventListener("end", () => {
    events.close();
    location.reload();
  });
}
