import { byId, chip, duration, element, gauge, grown, isNumber, left, moment, poll, setText, show } from "./common.js";

const STATES = ["running", "silent", "deferred", "success", "failed", "unreadable"];
const VERDICTS = ["STALLED", "STARVED", "EXECUTORS_LOST", "WORKER_CRASHED", "DRIVER_SILENT", "DEADLINE", "NOT_EXITING",
  "JVM_GONE", "DRIVER_GONE", "USER_CODE", "TOOLCHAIN", "VANISHED", "KILLED", "TAKEN_OVER", "UNKNOWN"];
const chosen = { dag_id: byId("dag"), verdict: byId("verdict"), day: byId("day") };
const rows = new Map();
let data = null;

const query = (fields) => new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== "")).toString();
const address = () => {
  const asked = query(Object.fromEntries(Object.entries(chosen).map(([name, node]) => [name, node.value])));
  return asked ? `list.json?${asked}` : "list.json";
};
const keyOf = (row) => JSON.stringify([row.dag_id, row.run_id, row.task_id, row.map_index, row.try]);

const make = (row) => {
  const line = element("tr"), cells = Array.from({ length: 7 }, () => element("td"));
  const link = element("a", "job", row.task);
  link.href = `attempt?${query({ dag_id: row.dag_id, run_id: row.run_id, task_id: row.task_id,
    map_index: String(row.map_index), try: String(row.try) })}`;
  const mapped = row.map_index >= 0 ? `, map index ${row.map_index}` : "";
  cells[0].append(link, element("span", "sub", `${row.dag}, try ${row.try}${mapped}`), element("span", "sub", row.run));
  const parts = { line, chip: element("span", "chip"), what: element("span", "sub"), progress: element("span", "figure"),
    bar: element("progress"), left: element("span", "sub"), stands: element("span", "figure"), gauge: element("progress"),
    doing: element("span", "sub"), warnings: element("span", "figure"), warning: element("span", "sub"),
    started: element("span", "figure"), clock: element("span", "sub figure"), time: element("span", "figure") };
  parts.bar.setAttribute("aria-label", "Tasks done");
  parts.gauge.setAttribute("aria-label", "Standstill against its limit");
  cells[1].append(parts.chip, parts.what);
  cells[2].append(parts.progress, parts.bar, parts.left);
  cells[3].append(parts.stands, parts.gauge, parts.doing);
  cells[4].append(parts.warnings, parts.warning);
  cells[5].append(parts.started, parts.clock);
  cells[6].append(parts.time);
  cells[6].className = "number";
  line.append(...cells);
  return parts;
};

const fill = (parts, row) => {
  const runs = row.state === "running", more = runs ? grown(data, row.silent_s) : 0;
  chip(parts.chip, row.state, row.verdict);
  const silent = row.state === "silent"
    ? (isNumber(row.silent_s) ? `no report for ${duration(row.silent_s + (performance.now() - data.received) / 1000)}` : "no report yet")
    : row.phase === "ending" && runs ? "is being ended" : row.phase === "collecting" && runs ? "a stack sample is taken" : row.what;
  setText(parts.what, silent);
  const known = isNumber(row.tasks) && row.tasks > 0;
  setText(parts.progress, known ? `${row.done}/${row.tasks} tasks` : "");
  show(parts.bar, known);
  if (known) { parts.bar.max = row.tasks; parts.bar.value = row.done; }
  const counted = isNumber(row.counted_s) ? row.counted_s + more : null;
  const stands = isNumber(counted) && counted >= 10;
  const time = counted !== null && counted >= 60 ? "" : left(row.left_s);
  setText(parts.left, [row.stages > 1 ? `${row.stages} stages` : "", time].filter(Boolean).join(", "));
  setText(parts.stands, counted === null ? "" : isNumber(row.limit_s)
    ? `${duration(counted)} of ${duration(row.limit_s)}` : `${duration(counted)}, no limit`);
  gauge(parts.gauge, counted, row.limit_s);
  setText(parts.doing, stands ? [row.stands, row.doing].filter(Boolean).join(": ") : "");
  setText(parts.warnings, row.warnings ? String(row.warnings) : "");
  setText(parts.warning, row.warning);
  parts.warning.title = row.warning;
  const started = moment(row.started_at);
  setText(parts.started, started.slice(0, 10));
  setText(parts.clock, started.slice(11));
  const took = isNumber(row.took_s) ? row.took_s : runs && isNumber(row.at) ? row.at + more : null;
  setText(parts.time, duration(took));
};

const options = (node, values) => {
  const wanted = ["", ...values], before = [...node.options].map((option) => option.value);
  if (wanted.length === before.length && wanted.every((value, index) => value === before[index])) return;
  const value = node.value;
  node.replaceChildren(...wanted.map((one) => {
    const option = element("option", "", one || "all");
    option.value = one;
    return option;
  }));
  node.value = wanted.includes(value) ? value : "";
};

const draw = (answer) => {
  data = answer;
  const body = byId("attempts"), wanted = new Set();
  options(chosen.dag_id, chosen.dag_id.value && !answer.dags.includes(chosen.dag_id.value)
    ? [...answer.dags, chosen.dag_id.value] : answer.dags);
  let before = null;
  for (const row of answer.rows) {
    const key = keyOf(row);
    wanted.add(key);
    if (!rows.has(key)) rows.set(key, { parts: make(row), row });
    const known = rows.get(key);
    known.row = row;
    const next = before ? before.nextSibling : body.firstChild;
    if (next !== known.parts.line) body.insertBefore(known.parts.line, next);
    before = known.parts.line;
  }
  for (const [key, known] of rows) if (!wanted.has(key)) { known.parts.line.remove(); rows.delete(key); }
  tick();
  const filtered = Object.values(chosen).some((node) => node.value !== "");
  show(byId("clear"), filtered);
  const running = answer.rows.filter((row) => row.state === "running").length;
  setText(byId("count"), `${answer.rows.length}${answer.left_out ? " newest" : ""} of ${answer.attempts} attempts, ${running} running`
    + (answer.complete ? "" : "; the store is still being read"));
  show(byId("empty"), answer.rows.length === 0);
  setText(byId("empty"), filtered ? "No attempt matches the filter."
    : "No guarded attempt has a record yet, or you may read none of their DAGs.");
};

const tick = () => { for (const known of rows.values()) fill(known.parts, known.row); };

options(chosen.verdict, [...STATES, ...VERDICTS]);
const again = poll(address, draw, (why) => { setText(byId("trouble"), why); show(byId("trouble"), why !== ""); });
for (const node of Object.values(chosen)) node.addEventListener("change", again);
byId("clear").addEventListener("click", () => { for (const node of Object.values(chosen)) node.value = ""; again(); });
setInterval(() => { if (data && !document.hidden) tick(); }, 1000);
