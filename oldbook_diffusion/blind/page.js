"use strict";
const { test, prompts, plates, questions } = JSON.parse(document.getElementById("data").textContent);
const get = (id) => document.getElementById(id);
const store = `oldbook blind test ${test}`;
const letters = "abcdefghijklmnopqrstuvwxyz";
let state = { viewer: "", id: crypto.randomUUID?.() ?? String(Math.random()), at: 0, answers: {} };
try { state = { ...state, ...JSON.parse(localStorage.getItem(store) ?? "{}") }; } catch { /* begin anew */ }

const keep = () => { try { localStorage.setItem(store, JSON.stringify(state)); } catch { /* a private window */ } };
const screen = (shown) => { for (const id of ["start", "question", "end"]) get(id).hidden = id !== shown; };

function image(source, text) {
  const picture = document.createElement("img");
  picture.src = source;
  picture.alt = text;
  return picture;
}

function choice(value, text, key, note) {
  const label = document.createElement("label");
  const input = Object.assign(document.createElement("input"), { type: "radio", name: "answer", value });
  input.checked = state.answers[state.at] === value;
  input.addEventListener("change", () => { state.answers[state.at] = value; keep(); });
  label.append(input, " ");
  if (key) label.append(Object.assign(document.createElement("kbd"), { textContent: key, ariaHidden: "true" }));
  label.append(text);
  if (note) label.append(Object.assign(document.createElement("span"), { className: "taken", textContent: note }));
  return label;
}

function show() {
  if (state.at >= questions.length) return finish();
  const { kind, asked, prompt, images } = questions[state.at];
  const one = kind === "name";
  screen("question");
  get("progress").textContent = `Question ${state.at + 1} of ${questions.length}`;
  get("asked").textContent = asked;
  get("prompt").textContent = prompt ?? "";
  get("plates").hidden = kind !== "style";
  get("plates").replaceChildren(...(kind === "style" ? plates.map((plate, i) => image(plate, `plate ${i + 1}`)) : []));
  get("images").className = one ? "one" : "two";
  get("images").replaceChildren(...images.map((source, i) => image(source, one ? "the picture" : ["left picture", "right picture"][i])));
  if (!one) [...get("images").children].forEach((picture, i) => picture.addEventListener("click", () => document.querySelector(`#choices input[value="${i}"]`).click()));
  const taken = new Set(questions.flatMap((q, i) => (q.kind === "name" && q.sheet === questions[state.at].sheet && i !== state.at && i in state.answers ? [state.answers[i]] : [])));
  get("choices").className = one ? "" : "sides";
  get("choices").replaceChildren(...(one
    ? prompts.map((text, i) => choice(i, text, letters[i], taken.has(i) ? " (chosen before)" : ""))
    : ["left", "right"].map((text, i) => choice(i, text, String(i + 1), ""))));
  get("keys").textContent = one ? "Keys: a letter answers and goes on; Backspace goes back." : "Keys: 1 or 2 answers and goes on; Backspace goes back.";
  get("back").disabled = state.at === 0;
  get("asked").focus();
  keep();
}

function go(by) { state.at = Math.max(0, Math.min(questions.length, state.at + by)); keep(); show(); }

function finish() {
  screen("end");
  const answered = Object.keys(state.answers).length;
  get("count").textContent = `${answered} of ${questions.length} questions are answered.`;
  const content = JSON.stringify({ test, viewer: state.viewer, viewer_id: state.id, answers: state.answers }, null, 1);
  const save = get("save");
  URL.revokeObjectURL(save.href);
  save.href = URL.createObjectURL(new Blob([content], { type: "application/json" }));
  save.download = `blind-${test}-${(state.viewer || "answers").replace(/[^\p{L}\p{N}]+/gu, "-")}.json`;
  get("done").focus();
}

get("viewer").value = state.viewer;
get("begin").addEventListener("click", () => { state.viewer = get("viewer").value.trim(); keep(); show(); });
get("viewer").addEventListener("keydown", (event) => { if (event.key === "Enter") get("begin").click(); });
get("question").addEventListener("submit", (event) => { event.preventDefault(); go(1); });
get("back").addEventListener("click", () => go(-1));
get("again").addEventListener("click", () => {
  const open = questions.findIndex((_, i) => !(i in state.answers));
  state.at = open < 0 ? 0 : open;
  show();
});
get("other").addEventListener("click", () => { localStorage.removeItem(store); location.reload(); });
document.addEventListener("keydown", (event) => {
  if (get("question").hidden || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Backspace") return go(-1);
  const value = questions[state.at].kind === "name" ? letters.indexOf(event.key.toLowerCase()) : ["1", "2"].indexOf(event.key);
  const input = value < 0 || event.key.length > 1 ? null : document.querySelector(`#choices input[value="${value}"]`);
  if (!input) return;
  event.preventDefault();
  state.answers[state.at] = value;
  go(1);
});
if (Object.keys(state.answers).length) show();
