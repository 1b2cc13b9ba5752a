import { byId, element, setText, show } from "./common.js";

const PATIENCE = 15000, PAUSE = 700, MOST_ROUNDS = 60;

const items = (id, texts) => {
  byId(id).replaceChildren(...texts.map((text) => element("li", "", text)));
  show(byId(id), texts.length > 0);
};
const many = (number, one, more) => `${number} ${number === 1 ? one : more}`;

const note = (found) => [
  `Read: ${found.tries === 0 ? "no try" : found.tries === 1 ? "the newest try" : `the ${found.tries} newest tries`} of this task that ${found.tries > 1 ? "are" : "is"} over, in all runs (at most ${found.most}).`,
  found.late ? `${many(found.late, "try was", "tries were")} left out, because reading took too long.` : "",
  found.untried ? `On ${found.untried} of them the limits could not be tried in time.` : "",
  found.left_out ? `${many(found.left_out, "older one was", "older ones were")} not read.` : "",
  found.complete ? "" : "The store is still being read: there may be more.",
  found.late || found.untried || found.left_out ? "spark-guard limits reads all of them." : "",
].filter(Boolean).join(" ");

const draw = (found, limits) => {
  setText(byId("limits-trouble"), found.trouble || "");
  show(byId("limits-found"), !found.trouble);
  if (!found.trouble) {
    setText(byId("limits-code"), found.code);
    byId("limits-rows").replaceChildren(...found.suggestions.map((one) => {
      const line = element("tr"), head = element("th", "", one.name);
      head.scope = "row";
      const now = limits[one.name];
      line.append(head, element("td", "", typeof now === "string" && now ? now : "not set"), element("td", "", one.value), element("td", "", one.reason));
      return line;
    }));
    setText(byId("limits-healthy"), found.healthy);
    items("limits-outcomes", found.outcomes);
    items("limits-doubts", found.doubts);
  }
  setText(byId("limits-note"), note(found));
};

// The server works for another user, or the store is slow: it may answer the next time.
const BUSY = [409, 503];
const STEPS = { read: "Past tries are being read", tried: "The limits are being tried on past tries" };

// Asks until the server has read all that it will; returns why there is no answer.
const ask = async (address, limits, status) => {
  let busy = "";
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const asked = address();
    const answer = await fetch(asked, { signal: AbortSignal.timeout(PATIENCE), credentials: "same-origin" });
    const found = await answer.json();
    const why = typeof found.detail === "string" ? found.detail : `The server answered ${answer.status}.`;
    busy = BUSY.includes(answer.status) ? why : "";
    if (!answer.ok && !busy) return why;
    if (found.done) {
      draw(found, limits());
      show(byId("limits-result"), true);
      return "Past tries were read.";
    }
    setText(status, busy ? `Waiting: ${busy}` : `${STEPS[found.step] || "Working"}: ${found.count} of ${found.of}.`);
    await new Promise((go) => { setTimeout(go, PAUSE); });
  }
  return busy || "Reading past tries takes too long: use spark-guard limits.";
};

// `address` returns where to ask; `limits` those of the attempt that is shown.
export const limitsFromHistory = (address, limits) => {
  const button = byId("limits-show"), status = byId("limits-status");
  button.addEventListener("click", async () => {
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    setText(status, "Past tries are being read.");
    try {
      setText(status, await ask(address, limits, status));
    } catch (error) {
      setText(status, "The server did not answer. Try again.");
    }
    button.setAttribute("aria-disabled", "false");
  });
};
