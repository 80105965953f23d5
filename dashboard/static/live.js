// Keeps the moving piece of a run's page up to date. Without it the page reloads itself every ten seconds.
"use strict";

const live = document.getElementById("live");
const connection = document.getElementById("connection");
const events = new EventSource(live.dataset.events);

events.addEventListener("open", () => {
  connection.textContent = "";
  live.dataset.connected = "yes";
});
events.addEventListener("message", (event) => {
  live.innerHTML = event.data; // a template of ours, everything in it escaped on the server
});
events.addEventListener("error", () => {
  const isOver = events.readyState === EventSource.CLOSED;
  connection.textContent = isOver ? "No longer up to date: reload the page." : "Connecting again …";
});
