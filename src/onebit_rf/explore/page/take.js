// What is taken away: a picture of the plots, and their numbers.
import {shown} from "./plots.js";

const LINE = 20; // CSS pixels of a line of text
const GAP = 12;

/** Save the points, a column for each field that `onebit-rf predict --json` has, kappa and df by layer. */
export function saveCsv({columns}) {
  const names = Object.keys(columns);
  const cell = (value) => (value === null ? "" : typeof value === "string" && /[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : String(value));
  const rows = columns.n_train.map((_, i) => names.map((name) => cell(columns[name][i])).join(","));
  save(new Blob([[names.join(","), ...rows, ""].join("\n")], {type: "text/csv"}), "onebit-rf.csv");
}

/** Save the plots below each other, each with its legend, and the command that prints their numbers. */
export function savePng({command}) {
  const plots = shown(), scale = devicePixelRatio, style = getComputedStyle(document.body);
  const width = Math.max(...plots.map(({plot}) => plot.width));
  const canvas = document.createElement("canvas"), draw = canvas.getContext("2d");
  const font = "13px system-ui, sans-serif";
  draw.font = font;
  const legends = plots.map(({plot}) => legend(draw, plot, width));
  const caption = wrapped(draw, command, width);
  const heights = plots.map(({plot}, i) => plot.height + LINE * (legends[i].at(-1).line + 1) + GAP);
  canvas.width = scale * (width + 2 * GAP);
  canvas.height = scale * (heights.reduce((sum, height) => sum + height, 2 * GAP) + LINE * caption.length);
  draw.scale(scale, scale);
  draw.fillStyle = style.backgroundColor;
  draw.fillRect(0, 0, canvas.width, canvas.height);
  draw.font = font;
  draw.textBaseline = "middle";
  let top = GAP;
  plots.forEach(({plot}, i) => {
    draw.drawImage(plot.ctx.canvas, GAP, top, plot.width, plot.height);
    drawLegend(draw, legends[i], top + plot.height, style.color);
    top += heights[i];
  });
  draw.fillStyle = style.color;
  caption.forEach((text, i) => draw.fillText(text, GAP, top + LINE * (i + 0.5)));
  canvas.toBlob((blob) => save(blob, "onebit-rf.png"), "image/png");
}

/** The lines of a plot's legend: label, colour and place. */
function legend(draw, plot, width) {
  let x = 0, line = 0;
  return plot.series.slice(1).filter((series) => series.show).map(({label, stroke, dash}) => {
    const length = 34 + draw.measureText(label).width + 16;
    if (x && x + length > width) [x, line] = [0, line + 1];
    const entry = {label, dash, line, x, colour: stroke()};
    x += length;
    return entry;
  });
}

function drawLegend(draw, entries, top, ink) {
  for (const {label, colour, dash, line, x} of entries) {
    const y = top + LINE * (line + 0.5);
    draw.strokeStyle = colour;
    draw.lineWidth = 2;
    draw.setLineDash(dash ?? []);
    draw.beginPath();
    draw.moveTo(GAP + x, y);
    draw.lineTo(GAP + x + 26, y);
    draw.stroke();
    draw.fillStyle = ink;
    draw.fillText(label, GAP + x + 34, y);
  }
}

function wrapped(draw, text, width) {
  const lines = [""];
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    if (draw.measureText(longer).width > width) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
