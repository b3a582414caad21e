// What is taken away: a picture of the plots, and their numbers.
import {shown} from "./plots.js";

const LINE = 20; // CSS pixels of a line of text
const GAP = 12;
const FONT = "13px system-ui, sans-serif";

/** Save the points, a column for each field that `onebit-rf predict --json` has, kappa and df by layer. */
export function saveCsv({columns}) {
  const names = Object.keys(columns);
  const cell = (value) => (value === null ? "" : typeof value === "string" && /[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : String(value));
  const rows = columns.n_train.map((_, i) => names.map((name) => cell(columns[name][i])).join(","));
  save(new Blob([[names.join(","), ...rows, ""].join("\n")], {type: "text/csv"}), "onebit-rf.csv");
}

/** Save the plots as they stand on the page, each with its legend, and the command that prints their numbers. */
export function savePng({command}) {
  const plots = shown(), scale = devicePixelRatio, style = getComputedStyle(document.body);
  const width = Math.max(...plots.map(({plot}) => plot.width));
  const canvas = document.createElement("canvas"), draw = canvas.getContext("2d");
  draw.font = FONT;
  const places = arranged(draw, plots, width), caption = wrapped(draw, command, width);
  const bottom = Math.max(...places.map(({y, height}) => y + height));
  canvas.width = scale * (width + 2 * GAP);
  canvas.height = scale * (bottom + LINE * caption.length + GAP);
  draw.scale(scale, scale);
  draw.fillStyle = style.backgroundColor;
  draw.fillRect(0, 0, canvas.width, canvas.height);
  draw.font = FONT;
  draw.textBaseline = "middle";
  for (const {plot, x, y, entries} of places) {
    draw.drawImage(plot.ctx.canvas, x, y, plot.width, plot.height);
    drawLegend(draw, entries, x, y + plot.height, style.color);
  }
  draw.fillStyle = style.color;
  caption.forEach((text, i) => draw.fillText(text, GAP, bottom + LINE * (i + 0.5)));
  canvas.toBlob((blob) => save(blob, "onebit-rf.png"), "image/png");
}

/** Where each plot stands, beside the one before where both fit, and its legend below it. */
function arranged(draw, plots, width) {
  let x = 0, y = GAP, below = GAP;
  return plots.map(({plot}) => {
    if (x + plot.width > width) [x, y] = [0, below];
    const entries = legend(draw, plot, plot.width), height = plot.height + LINE * (entries.at(-1).line + 1) + GAP;
    const place = {plot, x: GAP + x, y, height, entries};
    x += plot.width + GAP;
    below = Math.max(below, y + height);
    return place;
  });
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

function drawLegend(draw, entries, left, top, ink) {
  for (const {label, colour, dash, line, x} of entries) {
    const y = top + LINE * (line + 0.5);
    draw.strokeStyle = colour;
    draw.lineWidth = 2;
    draw.setLineDash(dash ?? []);
    draw.beginPath();
    draw.moveTo(left + x, y);
    draw.lineTo(left + x + 26, y);
    draw.stroke();
    draw.fillStyle = ink;
    draw.fillText(label, left + x + 34, y);
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
