// The plots: which columns of an answer each draws, and how. uPlot draws them.

// Okabe and Ito's colours, which colour-blind readers tell apart; lighter ones of the same order on dark ground.
const LIGHT = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9", "#555555", "#a0522d"];
const DARK = ["#56b4e9", "#ff9248", "#2fd0a0", "#e79cc5", "#f0e442", "#8fd0ff", "#bbbbbb", "#d9946c"];
const dark = () => matchMedia("(prefers-color-scheme: dark)").matches;

const ERRORS = {
  error: ["test error", 0],
  shifted_error: ["test error on the second path", 1, [7, 4]],
  rounded_error: ["test error, read-out rounded", 3, [7, 4]],
  train_error: ["training error", 2],
  rounded_train_error: ["training error, read-out rounded", 5, [2, 3]],
  gap: ["gap R_test − R_train", 4],
};
const RATES = {
  error_rate: ["test error rate", 0],
  shifted_error_rate: ["test error rate on the second path", 1, [7, 4]],
  rounded_error_rate: ["test error rate, read-out rounded", 3, [7, 4]],
};
const X = "samples per feature n/d_L";
const KINDS = [
  {id: "errors", label: "mean square error", columns: (names) => chosen(ERRORS, names), log: "box"},
  {id: "rates", label: "error rate", columns: (names) => chosen(RATES, names), log: "box"},
  {id: "kappa", label: "effective regularisation κ_ℓ", columns: (names) => layers(names, "kappa", "κ"), log: true},
  {id: "df", label: "degrees of freedom df_ℓ", columns: (names) => layers(names, "df", "df"), log: false},
];
const plots = {};

const lowered = (layer) => String(layer).replace(/./g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]);
const chosen = (known, names) => names.filter((name) => known[name]).map((name) => [name, ...known[name]]);
const layers = (names, column, letter) =>
  names.filter((name) => name.startsWith(`${column}_`)).map((name, i) => [name, letter + lowered(i + 1), i]);

/** The columns that each plot draws: a classifier's error is its error rate. */
function drawn(answer, kind) {
  const names = Object.keys(answer.columns);
  const twice = answer.options.loss && kind.id === "errors"; // with such a loss `error` is the error rate
  return kind.columns(names).filter(([name]) => !(twice && name.endsWith("error")));
}

/** Draw an answer; return what is not drawn, a sentence each. */
export function draw(answer, logarithmic) {
  const notes = silences(answer.columns);
  for (const kind of KINDS) {
    const columns = drawn(answer, kind), figure = document.getElementById(kind.id);
    const log = kind.log === "box" ? logarithmic : kind.log;
    figure.hidden = columns.length === 0;
    const values = columns.map(([name]) => answer.columns[name].map((y) => (log && y <= 0 ? null : y)));
    for (const [name, label] of columns) {
      const left = answer.columns[name].filter((y) => y !== null && y <= 0);
      const what = left.some((y) => y < 0) ? "≤ 0" : "0";
      if (log && left.length) notes.push(`${label}: ${what} at ${points(left.length)}, not drawn on a logarithmic axis`);
    }
    const x = answer.columns.n_train.map((n) => n / answer.width);
    if (columns.length) put(figure, kind, columns, [x, ...values], log, answer.width);
  }
  return notes;
}

const points = (count) => `${count} point${count === 1 ? "" : "s"}`;

/** Say what the theory has not found: each reason with the n it is of. */
function silences({n_train, reason}) {
  const reasons = new Map();
  reason.forEach((text, i) => text && reasons.set(text, [...(reasons.get(text) ?? []), n_train[i]]));
  return [...reasons].map(([text, n]) => {
    const where = n.length === 1 ? `n = ${n[0]}` : `${n.length} n from ${n[0]} to ${n.at(-1)}`;
    return `not found at ${where}: ${text}`;
  });
}

/** Give a plot new numbers; make it anew where its lines, its scale, its width or the colours of the page changed. */
function put(figure, kind, columns, data, log, width) {
  const key = JSON.stringify([columns, log, figure.clientWidth, dark()]), old = plots[kind.id];
  if (old?.key === key) {
    old.samples = width;
    old.plot.setData(data);
    return;
  }
  old?.plot.destroy();
  const made = (plots[kind.id] = {key, samples: width, columns});
  made.plot = new uPlot(settings(figure, kind, columns, log, made), data, figure);
}

function settings(figure, kind, columns, log, made) {
  const colours = dark() ? DARK : LIGHT, style = getComputedStyle(document.body);
  const axis = {stroke: style.color, grid: {stroke: dark() ? "#2c3035" : "#ebebeb", width: 1}, ticks: {show: false}};
  const font = {font: "12px system-ui, sans-serif", labelFont: "13px system-ui, sans-serif"};
  return {
    width: figure.clientWidth,
    height: Math.round(Math.min(kind.id === "errors" || kind.id === "rates" ? 380 : 300, Math.max(240, 0.7 * figure.clientWidth))),
    cursor: {points: {size: 6}, drag: {x: true, y: true, uni: 20}},
    scales: {x: {time: false}, y: log ? {distr: 3, range: (_, low, high) => decades(low, high)} : {range: (_, low, high) => room(low, high)}},
    axes: [
      {...axis, ...font, label: X, labelSize: 22, size: 32},
      {...axis, ...font, label: kind.label, labelSize: 24, size: 58, values: (_, ticks) => ticks.map((y) => (y === null ? "" : number(y)))},
    ],
    series: [
      {label: "n/d_L", value: (_, x) => (x === null ? "–" : `${number(x)} (n = ${Math.round(x * made.samples)})`)},
      ...columns.map(([, label, colour, dash]) => ({
        label, dash, stroke: colours[colour % colours.length], width: 2, pxAlign: 0, points: {show: false},
        value: (_, y) => (y === null ? "–" : number(y)),
      })),
    ],
    hooks: {drawClear: [threshold]},
  };
}

/** Limits of a logarithmic axis: 1, 2 or 5 times a power of ten around the values, so that it rests as they move. */
function decades(low, high) {
  if (!(low > 0 && high > 0)) return [0.1, 1];
  const below = [5, 2, 1].map((digit) => tens(low / digit, Math.floor) * digit);
  const above = [1, 2, 5].map((digit) => tens(high / digit, Math.ceil) * digit);
  return [Math.max(...below), Math.max(Math.min(...above), 10 * Math.max(...below))];
}

const tens = (value, round) => 10 ** round(Math.log10(value));

function room(low, high) {
  if (low === null) return [0, 1];
  const from = Math.min(0, low);
  return [from, high + 0.05 * (high - from) || 1];
}

const number = (value) => {
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e6) ? value.toExponential(2).replace(/\.?0+e/, "e") : String(Number(value.toPrecision(4)));
};

/** A faint line at n = d_L, the interpolation threshold. */
function threshold(plot) {
  const x = plot.valToPos(1, "x", true), {left, top, width, height} = plot.bbox;
  if (!(x > left && x < left + width)) return;
  plot.ctx.save();
  plot.ctx.strokeStyle = dark() ? "#6a7077" : "#b0b0b0";
  plot.ctx.lineWidth = devicePixelRatio;
  plot.ctx.setLineDash([2 * devicePixelRatio, 4 * devicePixelRatio]);
  plot.ctx.beginPath();
  plot.ctx.moveTo(x, top);
  plot.ctx.lineTo(x, top + height);
  plot.ctx.stroke();
  plot.ctx.restore();
}

/** The plots that are shown, in order, each with the colours and labels of its lines. */
export const shown = () =>
  KINDS.map(({id}) => ({figure: document.getElementById(id), ...plots[id]})).filter(({figure, plot}) => plot && !figure.hidden);

let waiting = 0;
new ResizeObserver(() => {
  cancelAnimationFrame(waiting);
  waiting = requestAnimationFrame(() => {
    for (const {figure, plot} of shown()) plot.setSize({width: figure.clientWidth, height: plot.height});
  });
}).observe(document.getElementById("plots"));
