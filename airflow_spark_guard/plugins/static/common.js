// Shared by both pages. Texts are untrusted: they are only ever set as text.
export const EVERY = 2000;
const PATIENCE = 8000;

export const byId = (id) => document.getElementById(id);

export const setText = (node, text) => {
  const wanted = String(text ?? "");
  if (node.textContent !== wanted) node.textContent = wanted;
};

export const show = (node, visible) => {
  if (node.hidden === visible) node.hidden = !visible;
};

export const element = (tag, className = "", text = "") => {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
};

export const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

export const duration = (seconds) => {
  if (!isNumber(seconds)) return "";
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [[86400, "d"], [3600, "h"], [60, "m"], [1, "s"]];
  const first = parts.findIndex(([size]) => whole >= size);
  if (first < 0) return "0s";
  let rest = whole;
  return parts.slice(first, first + 2).map(([size, unit]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count ? `${count}${unit}` : "";
  }).filter(Boolean).join(" ");
};

export const left = (seconds) => {
  if (!isNumber(seconds)) return "";
  if (seconds < 60) return "less than 1 min left";
  if (seconds < 3600) return `about ${Math.round(seconds / 60)} min left`;
  if (seconds < 86400) return `about ${Math.round(seconds / 1800) / 2} h left`;
  return "more than a day left";
};

export const moment = (epoch) => {
  if (!isNumber(epoch)) return "";
  const at = new Date(epoch * 1000);
  if (Number.isNaN(at.getTime())) return "";
  const text = at.toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, 19)} UTC`;
};

const TONES = { running: "run", deferred: "run", silent: "warn", success: "good", failed: "bad", unreadable: "warn" };

export const chip = (node, state, verdict) => {
  setText(node, String(verdict || state || "").toUpperCase());
  const wanted = `chip ${TONES[state] || ""}`;
  if (node.className !== wanted) node.className = wanted;
};

// The bar of a standstill: what counts against what is allowed.
export const gauge = (bar, value, limit) => {
  const known = isNumber(limit) && limit > 0 && isNumber(value);
  show(bar, known);
  if (!known) return;
  bar.max = limit;
  bar.value = Math.min(value, limit);
  const share = value / limit;
  bar.className = share >= 0.8 ? "bad" : share >= 0.5 ? "warn" : "";
};

// Seconds since the attempt wrote, which a page may add: no more than it could have missed.
export const grown = (data, silent) => {
  const passed = (performance.now() - data.received) / 1000;
  return Math.min((isNumber(silent) ? silent : 0) + passed, 5);
};

const theme = () => {
  let wanted = "";
  try { wanted = localStorage.getItem("theme") || ""; } catch { /* the browser's setting is used */ }
  if (wanted === "dark" || wanted === "light") document.documentElement.dataset.theme = wanted;
  else delete document.documentElement.dataset.theme;
};

// Asks again and again while the page is visible; `address` returns where, `draw` takes the answer, `every` returns
// the milliseconds until the next time.
export const poll = (address, draw, fail, every = () => EVERY) => {
  let timer = 0, running = false, again = false;
  const once = async () => {
    clearTimeout(timer);
    if (running) { again = true; return; }
    if (document.hidden) return;
    running = true;
    theme();
    const asked = address();
    try {
      const answer = await fetch(asked, { signal: AbortSignal.timeout(PATIENCE), credentials: "same-origin" });
      if (answer.status === 401) fail("You are not signed in any more: reload the page.");
      else {
        const data = await answer.json();
        if (asked !== address()) again = true;
        else if (answer.ok) { data.received = performance.now(); draw(data); fail(""); }
        else fail(typeof data.detail === "string" ? data.detail : `The server answered ${answer.status}.`);
      }
    } catch (error) {
      fail("The server did not answer; what is shown may be outdated.");
    }
    running = false;
    timer = setTimeout(once, again ? 0 : every());
    again = false;
  };
  document.addEventListener("visibilitychange", once);
  once();
  return once;
};

theme();
