import { EVERY, byId, element, isNumber, poll, setText } from "./common.js";

const RARELY = 60000;
let data = null, drawn = "";

const chosen = byId("dag");
const address = () => chosen.value ? `week.json?${new URLSearchParams({ dag_id: chosen.value })}` : "week.json";
const count = (number, one, many) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

const hours = (seconds) => {
  const value = seconds / 3600;
  if (value > 0 && value < 0.005) return "<0.01";
  const digits = value < 100 ? 2 : 0;
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
};
const share = (part, whole) => !(whole > 0) ? "" : part > 0 && part < 0.005 * whole ? "<1 %" : `${Math.round(100 * part / whole)} %`;

// Rows of texts; the first of each is its header.
const fill = (id, rows) => {
  const node = byId(id), text = JSON.stringify(rows);
  if (node.dataset.drawn === text) return;
  node.dataset.drawn = text;
  node.replaceChildren(...rows.map(([name, ...cells]) => {
    const line = element("tr"), head = element("th", "", name);
    head.scope = "row";
    line.append(head, ...cells.map((cell) => element("td", "number", cell)));
    return line;
  }));
};

const headline = (week) => {
  if (!week.attempts) return week.complete ? `No attempt ended in the last ${week.days} days.` : "The records are being read.";
  const known = week.attempts - week.unknown;
  const wasted = !known ? "" : week.held_core_s > 0
    ? `${hours(week.wasted_core_s)} of ${hours(week.held_core_s)} core-hours wasted (${share(week.wasted_core_s, week.held_core_s) || "0 %"})`
    : "no core-hours held";
  return [wasted, count(week.attempts, "attempt", "attempts"),
    week.unknown ? `${week.unknown.toLocaleString("en")} without a figure` : ""].filter(Boolean).join(", ")
    + (week.complete ? "" : "; the records are still being read");
};

const note = (week) => [
  `Attempts that ended in the last ${week.days} days and that you may read.`,
  week.unknown ? `${count(week.unknown, "attempt has", "attempts have")} no figure and ${week.unknown === 1 ? "is" : "are"} not in the sums (cluster mode, no observation, an executor that the driver never showed, or a version before 0.9).` : "",
  week.tasks_unknown ? `Failed and repeated tasks are not known for ${count(week.tasks_unknown, "attempt", "attempts")}: their records have no single tasks, so that those which succeeded may have wasted more.` : "",
  week.unreadable ? `${count(week.unreadable, "record", "records")} cannot be read.` : "",
  week.unread ? `${count(week.unread, "record is", "records are")} not read yet.` : "",
  week.left_out ? `${count(week.left_out, "older attempt is", "older attempts are")} left out.` : "",
  week.verdicts.some((one) => one.verdict === "SILENT") ? "SILENT: recorded as running, without a report for an hour; they have no figure." : "",
].filter(Boolean).join(" ");

const draw = (week) => {
  data = week;
  drawn = address();
  setText(byId("week-line"), headline(week));
  const held = week.held_core_s, known = week.attempts - week.unknown, row = (name, part) => [name, hours(part), share(part, held)];
  const noTasks = known > 0 && week.tasks_unknown === known;
  fill("week-parts", !known ? [] : [
    row("Idle executors", week.idle_core_s),
    noTasks ? ["Failed and repeated tasks", "not known", ""] : row("Failed and repeated tasks", week.tasks_core_s),
    row("Work of attempts that failed", week.thrown_away_core_s),
    row("Wasted in all", week.wasted_core_s),
    ["Held by executors", hours(held), ""],
  ]);
  fill("week-verdicts", week.verdicts.map((one) => [one.verdict, one.attempts.toLocaleString("en"),
    one.unknown ? one.unknown.toLocaleString("en") : "", one.attempts > one.unknown ? hours(one.wasted_core_s) : "not known",
    share(one.wasted_core_s, one.held_core_s)]));
  setText(byId("week-note"), note(week));
};

const fail = (why) => { if (why && !data) setText(byId("week-line"), `Not known: ${why}`); };
const again = poll(address, draw, fail, () => data && data.complete ? RARELY : EVERY);

// Sums of another DAG must not stay below the one that is chosen: the answer may be long in coming, or an error.
const choose = () => {
  if (drawn !== address()) {
    data = null;
    drawn = "";
    setText(byId("week-line"), "The records are being read.");
    for (const id of ["week-parts", "week-verdicts"]) fill(id, []);
    setText(byId("week-note"), "");
  }
  again();
};
chosen.addEventListener("change", choose);
byId("clear").addEventListener("click", choose);
