// Asks Teams who has opened the tab, shows Hearback the proof, and goes on to the page that was wanted.
"use strict";

const door = document.getElementById("tab");
const told = document.getElementById("told");
const NOT_TEAMS = "This page is for Teams. Open it in your browser instead.";
const NO_TOKEN = "Teams does not tell Hearback who you are. Whoever runs Hearback has to allow it in Entra.";
const NO_ANSWER = "Hearback cannot be reached right now. Try again in a minute.";

function say(words) {
  told.textContent = words;
  told.className = "problem";
  told.setAttribute("role", "alert");
}

async function attempt(work, otherwise) {
  try {
    return await work();
  } catch {
    say(otherwise);
    return null;
  }
}

async function enter() {
  const teams = window.microsoftTeams;
  const isTeams = await attempt(async () => (await teams.app.initialize(), true), NOT_TEAMS);
  if (!isTeams) return;
  const token = await attempt(() => teams.authentication.getAuthToken(), NO_TOKEN);
  if (!token) return;
  const body = new URLSearchParams({ token });
  const reply = await attempt(() => fetch(door.dataset.enter, { method: "POST", body }), NO_ANSWER);
  if (!reply) return;
  if (reply.ok) window.location.replace(door.dataset.then);
  else say(await reply.text());
}

enter();
