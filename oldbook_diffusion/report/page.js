"use strict";
const { runs, tags } = JSON.parse(document.getElementById("data").textContent);
const style = getComputedStyle(document.documentElement);
const [ink, line, accent, soft] = ["ink", "line", "accent", "soft"].map((name) => style.getPropertyValue(`--${name}`).trim());
const colours = [accent, "#3d6b8e", "#6a8f3c", "#8a5aa3", "#b8862b"];
Chart.defaults.color = ink;
Chart.defaults.borderColor = line;
Chart.defaults.font.family = "Georgia, serif";
Chart.defaults.animation = false;
Chart.defaults.maintainAspectRatio = false;

const points = (run, key) =>
  run.checkpoints.filter(({ scores }) => key in scores).map(({ step, scores }) => ({ x: step, y: scores[key] }));
const flat = { pointRadius: 0, borderWidth: 1.5 };

function styleCurves(run, number) {
  const colour = colours[number % colours.length];
  const band = { ...flat, borderWidth: 0, backgroundColor: `${colour}33` };
  const whose = runs.length > 1 ? `${run.name}, ` : "";
  // of several runs each has a shortcut of its own, and the first alone shows the rest
  const guides = [
    ["best shortcut", tags.shortcut, [6, 4]],
    ...(number ? [] : [
      ["style words alone", tags.words, [2, 3]],
      [`plates, lower end of the ${run.extent}`, tags.realLower, [1, 2]],
      [`plates, upper end of the ${run.extent}`, tags.realUpper, [1, 2]],
    ]),
  ];
  const selected = points(run, tags.style[0]).filter(({ x }) => x === run.selected);
  return [
    { label: run.name, data: points(run, tags.style[0]), borderColor: colour, backgroundColor: colour },
    { ...band, label: "", data: points(run, tags.style[1]) },
    { ...band, label: "", data: points(run, tags.style[2]), fill: "-1" },
    { label: selected.length ? `${run.name}, selected` : "", data: selected, borderColor: ink, backgroundColor: colour, pointStyle: "rectRot", pointRadius: 9, showLine: false },
    ...guides.map(([label, key, borderDash]) => ({ ...flat, label: whose + label, data: points(run, key), borderColor: whose ? colour : soft, borderDash })),
  ];
}

function chart(id, type, datasets, x, y) {
  const axis = (text) => ({ type: "linear", title: { display: true, text } });
  const labels = { filter: ({ text }) => text, boxWidth: 18 };
  return new Chart(document.getElementById(id), {
    type,
    data: { datasets },
    options: { scales: { x: axis(x), y: axis(y) }, plugins: { legend: { position: "bottom", labels } } },
  });
}

chart("style", "line", runs.flatMap(styleCurves), "step", "style");
chart("balance", "scatter", runs.map((run, number) => {
  const scored = run.checkpoints.map(({ scores }) => scores).filter((scores) => tags.style[0] in scores);
  return {
    label: run.name,
    backgroundColor: colours[number % colours.length],
    data: scored.map((scores) => ({ x: scores[tags.style[0]], y: scores[tags.prompt] })),
    pointRadius: scored.map((scores) => 4 + 20 * (scores[tags.near] ?? 0)),
  };
}), "style", "centered CLIP score");
chart("loss", "line", runs.map((run, number) => ({
  label: run.name,
  borderColor: colours[number % colours.length],
  data: (run.losses[tags.loss] ?? []).map(([x, y]) => ({ x, y })),
})), "step", "loss");

const change = (run, end) => tags.changes
  .map((curve, band) => [band + 1, run.losses[curve[end]] ?? []])
  .filter(([, curve]) => curve.length)
  .map(([band, curve]) => ({ x: band, y: curve.at(-1)[1] }));
chart("bands", "line", runs.flatMap((run, number) => {
  const colour = colours[number % colours.length];
  const band = { ...flat, label: "", borderWidth: 0, backgroundColor: `${colour}33` };
  return [
    { label: run.name, data: change(run, 0), borderColor: colour, backgroundColor: colour },
    { ...band, data: change(run, 1) },
    { ...band, data: change(run, 2), fill: "-1" },
  ];
}), "fifth of the timesteps, the first with the least noise", "change of the loss");

for (const section of document.querySelectorAll(".run")) {
  const slider = section.querySelector(".step");
  slider?.addEventListener("input", () => {
    const step = JSON.parse(slider.dataset.steps)[slider.value];
    slider.setAttribute("aria-valuetext", `step ${step}`);
    section.querySelector("output").textContent = `step ${step}`;
    for (const one of section.querySelectorAll(".tuned")) one.hidden = Number(one.dataset.step) !== step;
  });
}
for (const card of document.querySelectorAll("article")) {
  const wiper = card.querySelector(".wiper input");
  wiper.addEventListener("input", () => card.querySelector(".wipe").style.setProperty("--wipe", `${wiper.value}%`));
}
