// The page: controls ⇄ address → curve. The state is the options of `onebit-rf predict`, by name; what is usual is left out.
import {makeControls} from "./controls.js";
import {draw} from "./plots.js";
import {saveCsv, savePng} from "./take.js";

const SLOW = 0.06; // seconds of theory from which a coarse curve is drawn first
const EVERY = 16; // of a coarse curve, one n of so many
const REST = 120; // milliseconds without a move after which a coarse curve is made whole
const find = (id) => document.getElementById(id);

let controls, answer;
let wanted = null; // {options, moved}: the newest state that is not yet asked for
let busy = false, refining = null;
let seconds = Infinity; // of theory in the last whole curve

/** What is drawn, for tests and the curious; the body's data-state says waiting, coarse, drawn or wrong. */
window.explore = {answer: null, delay: null};
const tell = (state) => (document.body.dataset.state = state);

const encode = (text) => encodeURIComponent(text).replaceAll("%2C", ",").replaceAll("%3A", ":");
const query = (options) => Object.entries(options).map(([name, text]) => `${encode(name)}=${encode(text)}`).join("&");

/** Ask for the newest state. One question is under way at a time, so that none is answered late and none piles up. */
async function ask() {
  if (busy || !wanted) return;
  refining?.abort();
  const {search, moved} = wanted;
  wanted = null;
  busy = true;
  tell("waiting"); // an answer just shown is not what the controls say any more
  const coarse = seconds > SLOW;
  try {
    show(await fetched(coarse ? `${search}&every=${EVERY}` : search), moved, coarse);
    if (!coarse) seconds = answer.seconds;
  } catch (error) {
    fail(error.message);
  }
  busy = false;
  if (wanted) ask();
  else if (document.body.dataset.state === "coarse") refine(search, moved);
}

/** Draw the whole curve after a coarse one, unless a control moves before it is there. */
async function refine(search, moved) {
  const mine = (refining = new AbortController());
  await new Promise((rest) => setTimeout(rest, REST));
  if (mine.signal.aborted) return;
  try {
    const whole = await fetched(search, mine.signal);
    if (mine.signal.aborted) return;
    show(whole, moved, false);
    seconds = answer.seconds;
  } catch (error) {
    if (error.name !== "AbortError") fail(error.message);
  }
}

async function fetched(search, signal) {
  const response = await fetch(`curve?${search}`, {signal}).catch((error) => {
    throw error.name === "AbortError" ? error : new Error("no answer: onebit-rf explore does not run any more");
  });
  const found = await response.json();
  if (!response.ok) throw new Error(found.error);
  return found;
}

function show(found, moved, coarse) {
  answer = found;
  find("message").hidden = true;
  find("plots").classList.remove("stale");
  controls.mark(null);
  paint();
  find("n-train").placeholder = found.options["n-train"];
  find("command").textContent = found.command;
  find("config").textContent = found.config || found.no_config;
  find("copy-config").disabled = !found.config;
  find("taken").hidden = false;
  Object.assign(window.explore, {answer: found, delay: null});
  tell(coarse ? "coarse" : "drawn");
  requestAnimationFrame(() => setTimeout(() => (window.explore.delay = performance.now() - moved))); // painted
}

/** Draw the newest answer, in today's colours and on the axis that is ticked; the state stays what it is. */
function paint() {
  if (!answer) return;
  find("notes").replaceChildren(...draw(answer, find("log").checked).map((text) => {
    const item = document.createElement("li");
    item.textContent = text;
    return item;
  }));
}

function fail(message) {
  find("message").textContent = message;
  find("message").hidden = false;
  find("plots").classList.add("stale");
  controls.mark(message.split(":")[0].replaceAll("_", "-"));
  find("taken").hidden = true;
  tell("wrong");
}

let writing = 0;
/** Ask for what the controls say; the address follows when they rest, since browsers refuse to rewrite it often. */
function changed(moved) {
  const search = query(controls.read());
  wanted = {search, moved};
  tell("waiting");
  ask();
  clearTimeout(writing);
  writing = setTimeout(() => history.replaceState(null, "", `?${search}${location.hash}`), 200);
}

async function copy(what) {
  try {
    await navigator.clipboard.writeText(answer[what]);
    say(`${what} copied`);
  } catch {
    say("the browser refused: select the text and copy it");
  }
}

function say(text) {
  find("said").textContent = text;
  setTimeout(() => (find("said").textContent = ""), 3000);
}

async function start() {
  const choices = await (await fetch("choices")).json();
  const search = location.search.slice(1);
  controls = makeControls(find("controls"), choices, changed);
  controls.write(search ? Object.fromEntries(new URLSearchParams(search)) : choices.start);
  find("log").checked = location.hash !== "#linear";
  find("log").addEventListener("change", () => {
    history.replaceState(null, "", location.pathname + location.search + (find("log").checked ? "" : "#linear"));
    paint();
  });
  find("png").addEventListener("click", () => savePng(answer));
  find("csv").addEventListener("click", () => saveCsv(answer));
  find("copy-command").addEventListener("click", () => copy("command"));
  find("copy-config").addEventListener("click", () => copy("config"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
  wanted = {search: search || query(choices.start), moved: 0}; // the address as it stands: what is wrong in it is told
  ask();
}

start();
