// The controls: a field for each option, its slider beside it, and an argument beside a member that takes one.

const STEPS = 400; // of a slider
const FIRST_PENALTY = "0.1"; // classification needs one
const AS_TRAINED = {"quantize-after": "as trained", "round-readout": "as trained"};

// Whether an option means something, given the others; those that do not are hidden and left out.
const square = (given) => given.loss === "square";
const plain = (given) => square(given) && given.mirror === "l2";
const APPLIES = {
  noise: (given) => square(given) && given.labels === "linear",
  labels: plain,
  mirror: (given) => square(given),
  ridge: plain,
  penalty: (given) => !square(given),
  "input-noise": (given) => given.mirror === "l2" || !square(given),
  "quantize-after": (given) => given.mirror === "l2" || !square(given),
  "weight-correlation": (given) => (given.mirror === "l2" || !square(given)) && !given["quantize-after"],
  "round-readout": plain,
};

/** Return {read, write, mark} of the form's controls; `changed` is called with the time of every move. */
export function makeControls(form, choices, changed) {
  const usual = {...choices.usual, "input-noise": "0", "weight-correlation": "1", "n-train": ""};
  const fields = [...form.elements].filter((element) => element.name);
  for (const field of fields) {
    if (field.tagName === "SELECT") addMembers(field, choices.members[field.name]);
    else if (field.dataset.high) addSlider(field);
  }

  function read() {
    const given = Object.fromEntries(fields.map((field) => [field.name, valueOf(field)]));
    if (!square(given) && given.penalty === "0") setValue(form.elements.penalty, (given.penalty = FIRST_PENALTY));
    const means = (name) => !APPLIES[name] || APPLIES[name](given);
    for (const field of fields) showField(field, means(field.name));
    for (const group of form.querySelectorAll("fieldset"))
      group.hidden = [...group.elements].every((element) => element.hidden);
    return Object.fromEntries(Object.entries(given).filter(([name, text]) => text !== (usual[name] ?? "") && means(name)));
  }

  function write(options) {
    for (const field of fields) setValue(field, options[field.name] ?? usual[field.name] ?? "");
    read();
  }

  function mark(name) {
    for (const field of fields) field.setAttribute("aria-invalid", field.name === name);
  }

  form.addEventListener("input", (event) => {
    if (event.target.id === "log") return;
    follow(form, event.target);
    changed(event.timeStamp);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  return {read, write, mark};
}

/** Members as the registry writes them: NAME, or NAME:ARGUMENTS. */
function addMembers(select, forms) {
  const none = AS_TRAINED[select.name];
  if (none) select.add(new Option(none, ""));
  for (const form of forms) {
    const [name, argument] = form.split(":");
    const option = new Option(none ? `rounded to ${form} bit${form === "1" ? "" : "s"}` : form, name);
    if (argument) option.dataset.argument = argument;
    select.add(option);
  }
  if (!forms.some((form) => form.includes(":"))) return;
  const argument = document.createElement("input");
  argument.id = `${select.name}-argument`;
  argument.hidden = true;
  argument.setAttribute("aria-label", `${select.labels[0].textContent}: argument`);
  select.after(argument);
}

function addSlider(field) {
  const slider = document.createElement("input");
  slider.type = "range";
  Object.assign(slider, {min: 0, max: STEPS, step: 1, id: `${field.name}-slider`});
  slider.setAttribute("aria-label", `${field.labels[0].textContent}: slider`);
  field.before(slider);
}

/** What a slider at a position says; at the left end of a logarithmic one is 0. */
function atPosition({low, high, log}, position) {
  const along = Number(low) + ((high - low) * position) / STEPS;
  return log === undefined ? String(Number(along.toPrecision(3))) : position ? String(Number((10 ** along).toPrecision(3))) : "0";
}

function positionOf({low, high, log}, text) {
  const value = log === undefined ? Number(text) : Math.log10(Number(text));
  return Math.round((STEPS * (value - low)) / (high - low)); // the browser keeps it between the ends
}

const optionOf = (select) => select.selectedOptions[0];
const argumentOf = (select) => document.getElementById(`${select.name}-argument`);
const sliderOf = (field) => document.getElementById(`${field.name}-slider`);

function valueOf(field) {
  const argument = field.tagName === "SELECT" && optionOf(field)?.dataset.argument;
  return argument ? `${field.value}:${argumentOf(field).value.trim()}` : field.value.trim();
}

/** Have a field say `text`; a select that has no such member gets one, so that the server can say what is wrong. */
function setValue(field, text) {
  if (field.tagName !== "SELECT") {
    field.value = text;
    if (field.dataset.high) setSlider(field);
    return;
  }
  const [name, ...argument] = text.split(":");
  if (![...field.options].some((option) => option.value === name)) field.add(new Option(text, text));
  field.value = [...field.options].some((option) => option.value === text) ? text : name;
  showArgument(field);
  if (argumentOf(field)) argumentOf(field).value = argument.join(":");
}

function setSlider(field) {
  sliderOf(field).value = Number(field.value) > 0 || field.dataset.log === undefined ? positionOf(field.dataset, field.value) : 0;
  sliderOf(field).setAttribute("aria-valuetext", field.value);
}

/** Bring the other half of a moved control after it. */
function follow(form, moved) {
  const field = form.elements[moved.id.replace(/-(slider|argument)$/, "")];
  if (moved.type === "range") field.value = atPosition(field.dataset, Number(moved.value));
  if (field.dataset.high) sliderOf(field).setAttribute("aria-valuetext", field.value);
  if (field === moved && field.dataset.high) setSlider(field);
  if (field === moved && field.tagName === "SELECT") {
    showArgument(field);
    const wanted = optionOf(field)?.dataset.argument;
    if (wanted) argumentOf(field).value = wanted.split(",").map((_, i) => i + 2).join(","); // 2, 3, …: any values to begin with
  }
}

function showArgument(select) {
  const argument = argumentOf(select), wanted = optionOf(select)?.dataset.argument;
  if (!argument) return;
  argument.hidden = !wanted;
  argument.placeholder = wanted ?? "";
  select.classList.toggle("with-argument", Boolean(wanted));
}

function showField(field, shown) {
  for (const part of [field, ...(field.labels ?? []), sliderOf(field)]) if (part) part.hidden = !shown;
  const argument = field.tagName === "SELECT" && argumentOf(field);
  if (argument) argument.hidden = !shown || !optionOf(field)?.dataset.argument;
}
