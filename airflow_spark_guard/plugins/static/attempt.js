import { byId, chip, duration, element, gauge, grown, isNumber, left, moment, poll, setText, show } from "./common.js";
import { limitsFromHistory } from "./limits.js";

const NAMES = ["dag_id", "run_id", "task_id", "map_index"];
const asked = new URLSearchParams(location.search);
const stages = new Map();
let data = null, chosen = asked.get("try") || "", sampleShown = "", sent = "";

const address = (path, more = {}) => {
  const fields = new URLSearchParams(NAMES.filter((name) => asked.has(name)).map((name) => [name, asked.get(name)]));
  if (chosen !== "") fields.set("try", chosen);
  for (const [name, value] of Object.entries(more)) fields.set(name, value);
  return `${path}?${fields}`;
};
const list = (id, texts) => {
  const wanted = texts.filter(Boolean), node = byId(id);
  if (wanted.join("\n") !== [...node.children].map((item) => item.textContent).join("\n"))
    node.replaceChildren(...wanted.map((text) => element("li", "", text)));
  show(byId(`${id}-section`), wanted.length > 0);
};

const drawTries = () => {
  const node = byId("tries"), text = JSON.stringify([data.tries, data.try]);
  show(node, data.tries.length > 1);
  if (node.dataset.drawn === text) return;
  node.dataset.drawn = text;
  node.replaceChildren(...data.tries.map((one) => {
    const button = element("button", "", `Try ${one.try}: ${one.verdict || one.state}`);
    button.type = "button";
    button.setAttribute("aria-current", String(one.try === data.try));
    button.addEventListener("click", () => { chosen = String(one.try); sampleShown = ""; again(); });
    return button;
  }));
};

const drawHead = (attempt) => {
  setText(byId("path"), `/ ${data.dag} / ${data.run} / ${data.task}${data.map_index >= 0 ? ` / map index ${data.map_index}` : ""}`);
  show(byId("head"), Boolean(attempt));
  if (!attempt) return;
  chip(byId("state"), attempt.state, attempt.verdict);
  const live = attempt.live || {};
  const sentences = { running: "The job runs.", success: "The job succeeded.", failed: "The attempt failed.",
    deferred: "The job was left to the triggerer.", silent: "The attempt is recorded as running, but reports nothing any more.",
    unreadable: "The record cannot be read." };
  const phases = { collecting: "The job runs; a stack sample is being taken.", ending: "The job is being ended: stacks, kill, proof." };
  setText(byId("what"), attempt.what || (attempt.state === "running" && phases[live.phase]) || sentences[attempt.state] || "");
  setText(byId("got"), attempt.got);
  show(byId("place"), Boolean(attempt.place));
  setText(byId("place-line"), attempt.place);
  show(byId("advice"), Boolean(attempt.advice));
  setText(byId("advice-text"), attempt.advice);
};

const drawFacts = (attempt) => {
  const live = attempt.live || {}, runs = attempt.state === "running", more = runs ? grown(data, attempt.silent_s) : 0;
  const at = isNumber(live.at) ? live.at + more : null, beat = live.heartbeat;
  const executors = live.executors;
  const facts = [
    ["Started", moment(attempt.started_at)],
    [isNumber(attempt.took_s) ? "Took" : "So far", duration(isNumber(attempt.took_s) ? attempt.took_s : at)],
    ["Deadline in", at !== null && isNumber(live.deadline_s) ? duration(live.deadline_s - at) : ""],
    ["Ended by", attempt.cause],
    ["Limit", isNumber(attempt.limit_s) && attempt.limit_s > 0 ? duration(attempt.limit_s) : ""],
    ["Application", attempt.application_id || live.application_id],
    ["Deploy mode", attempt.mode],
    ["Spark jobs", isNumber(live.jobs) ? String(live.jobs) : ""],
    ["Executors", executors ? `${executors.active}${executors.removed ? `, ${executors.removed} lost` : ""}` : ""],
    ["Heartbeat", beat ? [beat.note, isNumber(beat.at) && at !== null ? `${duration(at - beat.at)} ago` : ""].filter(Boolean).join(", ") : ""],
    ["Last report", runs || attempt.state === "silent" ? (isNumber(attempt.silent_s)
      ? `${duration(attempt.silent_s + (performance.now() - data.received) / 1000)} ago` : "none yet") : ""],
    ["Not confirmed as ended", (attempt.orphans || []).join(", ")],
  ].filter(([, value]) => value);
  const node = byId("facts");
  show(node, facts.length > 0);
  while (node.children.length > facts.length) node.lastChild.remove();
  facts.forEach(([name, value], index) => {
    if (!node.children[index]) {
      const box = element("div");
      box.append(element("dt"), element("dd"));
      node.append(box);
    }
    setText(node.children[index].firstChild, name);
    setText(node.children[index].lastChild, value);
  });
};

const makeStage = () => {
  const parts = { box: element("article", "stage"), title: element("h3"), done: element("span", "figure"), bar: element("progress"),
    stands: element("span", "figure"), gauge: element("progress"), why: element("span", "sub"), doing: element("p", "doing") };
  parts.bar.setAttribute("aria-label", "Tasks done");
  parts.gauge.setAttribute("aria-label", "Standstill against its limit");
  const progress = element("div"), standing = element("div");
  progress.append(parts.done, parts.bar);
  standing.append(parts.stands, parts.gauge, parts.why);
  parts.box.append(parts.title, progress, standing, parts.doing);
  return parts;
};

const fillStage = (parts, row, more) => {
  const isStage = "stage" in row;
  setText(parts.title, isStage ? `Stage ${row.stage}${row.attempt ? `, attempt ${row.attempt + 1}` : ""}${row.name ? `: ${row.name}` : ""}`
    : "The driver, without an active stage");
  const counted = isNumber(row.counted_s) ? row.counted_s + more : null;
  const unchanged = isNumber(row.unchanged_s) ? row.unchanged_s + more : null;
  const time = counted !== null && counted >= 60 ? "" : left(row.left_s);
  setText(parts.done, isStage ? [`${row.done}/${row.tasks} tasks`, `${row.active} running`, row.failed ? `${row.failed} failed` : "", time]
    .filter(Boolean).join(", ") : "");
  show(parts.bar, isStage && row.tasks > 0);
  if (isStage && row.tasks > 0) { parts.bar.max = row.tasks; parts.bar.value = row.done; }
  setText(parts.stands, counted === null ? "" : isNumber(row.limit_s)
    ? `No movement for ${duration(counted)} of ${duration(row.limit_s)}` : `No movement for ${duration(counted)}; no limit`);
  parts.stands.dataset.seconds = counted === null ? "" : String(Math.floor(counted));
  gauge(parts.gauge, counted, row.limit_s);
  const excused = counted !== null && unchanged !== null && unchanged - counted >= 2 ? `last moved ${duration(unchanged)} ago` : "";
  setText(parts.why, [row.why ? `limit: ${row.why}` : "", excused].filter(Boolean).join("; "));
  setText(parts.doing, counted !== null && counted >= 10 ? row.doing : "");
};

const drawStages = (attempt) => {
  const live = attempt.live, rows = live ? [...(live.stages || []), ...(live.driver ? [live.driver] : [])] : [];
  const node = byId("stages"), wanted = new Set(), more = attempt.state === "running" ? grown(data, attempt.silent_s) : 0;
  show(byId("standing-section"), rows.length > 0);
  for (const row of rows) {
    const key = "stage" in row ? `${row.stage}.${row.attempt}` : "driver";
    wanted.add(key);
    if (!stages.has(key)) { stages.set(key, makeStage()); node.append(stages.get(key).box); }
    fillStage(stages.get(key), row, more);
  }
  for (const [key, parts] of stages) if (!wanted.has(key)) { parts.box.remove(); stages.delete(key); }
  const ago = live && isNumber(live.looked_at) && isNumber(live.at) ? `Last observation ${duration(live.at - live.looked_at + more)} ago` : "";
  setText(byId("looked"), [ago, live && live.blind, live && live.stages_left_out ? `${live.stages_left_out} more stages` : ""].filter(Boolean).join("; "));
};

const drawAnswers = (attempt) => {
  const node = byId("answers"), answers = attempt.answers || [], text = JSON.stringify(answers);
  show(byId("answers-section"), answers.length > 0);
  if (node.dataset.drawn === text) return;
  node.dataset.drawn = text;
  node.replaceChildren(...answers.map((one) => {
    const box = element("div", `answer ${one.state}`), what = one.kind === "end" ? "End the job" : "Stack sample";
    box.append(element("div", "", `${what}, by ${one.by}, ${moment(one.asked_at)}`), element("span", "sub", one.text));
    if (one.sample) {
      const button = element("button", "", "Show the stacks");
      button.type = "button";
      button.addEventListener("click", () => showSample(one.id));
      box.append(button);
    }
    return box;
  }));
  const newest = answers[0];
  if (newest && newest.id === sent && newest.sample && sampleShown !== sent) showSample(sent);
};

const showSample = async (id) => {
  sampleShown = id;
  const node = byId("sample");
  try {
    const answer = await fetch(address("sample", { id }), { credentials: "same-origin" });
    setText(node, answer.ok ? await answer.text() : `The sample cannot be read: the server answered ${answer.status}.`);
  } catch (error) {
    setText(node, "The sample cannot be read: the server did not answer.");
  }
  show(node, true);
};

const drawActions = (attempt) => {
  const live = attempt.live || {}, may = Array.isArray(live.requests) ? live.requests : [], open = !attempt.is_over;
  const busy = live.phase === "ending", can = (kind) => attempt.state === "running" && data.may_end && may.includes(kind) && !busy;
  show(byId("actions"), open);
  byId("stacks").disabled = !can("stacks") || live.phase === "collecting";
  byId("end").disabled = !can("end");
  if (!can("end")) show(byId("confirm"), false);
  setText(byId("actions-note"), !data.may_end ? "You may not change runs of this DAG."
    : attempt.state === "deferred" ? "A trigger watches it: mark the task as failed to end it."
    : attempt.state === "silent" ? "It does not answer: mark the task as failed to end it."
    : busy ? "It is being ended." : !may.includes("stacks") && attempt.live ? "The driver runs on the cluster, where no stacks are read." : "");
};

const drawReport = (attempt) => {
  const frame = byId("report"), wanted = attempt.has_report ? address("report", { try: String(data.try) }) : "";
  show(byId("report-section"), wanted !== "");
  if (frame.dataset.shown !== wanted) {
    frame.dataset.shown = wanted;
    if (wanted) frame.src = wanted; else frame.removeAttribute("src");
  }
};

const draw = (answer) => {
  data = answer;
  document.title = `${data.task} - Spark guard`;
  const attempt = answer.attempt || {};
  drawTries();
  drawHead(answer.attempt);
  drawFacts(attempt);
  drawStages(attempt);
  drawAnswers(attempt);
  const live = attempt.live || {};
  list("warnings", (live.warnings || []).map((row) => `${row.text} (after ${duration(row.at)})`));
  list("instruments", (live.instruments || []).map((row) => `${row.warning ? "Warning: " : ""}${row.text} (after ${duration(row.at)})`).reverse());
  list("losses", ((live.executors || {}).last || []).map((row) => `Executor ${row.id}${row.host ? ` on ${row.host}` : ""}: ${row.reason || "no reason given"}`));
  list("observed", (attempt.observed || []).map((row) => [row.verdict, row.what, row.place].filter(Boolean).join(": ")));
  drawActions({ is_over: !answer.attempt, ...attempt });
  show(byId("limits-section"), Boolean(answer.attempt));
  drawReport(attempt);
};

const fail = (why) => {
  const own = data && data.attempt ? (data.attempt.trouble || []) : [];
  const none = data && !data.attempt ? ["The guard has no record of this task: it does not run under the guard, records are off, or they were removed."] : [];
  const text = [why || refused, ...own, ...none].filter(Boolean).join(" ");
  setText(byId("trouble"), text);
  show(byId("trouble"), text !== "");
};

let refused = "";
const ask = async (kind) => {
  refused = "";
  byId(kind).disabled = true;
  try {
    const answer = await fetch(address(kind, data && isNumber(data.try) ? { try: String(data.try) } : {}),
      { method: "POST", headers: { "X-Spark-Guard": "1" }, credentials: "same-origin" });
    const found = await answer.json();
    if (answer.ok) sent = found.id;
    else refused = typeof found.detail === "string" ? found.detail : `The server answered ${answer.status}.`;
  } catch (error) {
    refused = "The server did not answer: the request may not have arrived.";
  }
  again();
};

const again = poll(() => address("attempt.json"), draw, fail);
limitsFromHistory(() => address("limits.json"), () => (data && data.attempt && data.attempt.limits) || {});
byId("stacks").addEventListener("click", () => ask("stacks"));
byId("end").addEventListener("click", () => { show(byId("confirm"), true); byId("confirm-keep").focus(); });
byId("confirm-keep").addEventListener("click", () => { show(byId("confirm"), false); byId("end").focus(); });
byId("confirm-end").addEventListener("click", () => { show(byId("confirm"), false); ask("end"); });
setInterval(() => { if (data && data.attempt && !document.hidden) { drawFacts(data.attempt); drawStages(data.attempt); } }, 1000);
