// page.js: draws the runs that stand in the page, see events.awk for the rows.
"use strict";

const ROW = 26;       // height of an event
const LEFT = 74;      // room for the time
const SVG = "http://www.w3.org/2000/svg";

// element("circle", {r: 5}, parent, text): make it and put it there.
function element(name, attributes, parent, text) {
  const isHtml = ["div", "h2", "h3", "ul", "li", "pre", "section", "span"].includes(name);
  const made = isHtml ? document.createElement(name) : document.createElementNS(SVG, name);
  for (const key in attributes)
    made.setAttribute(key, attributes[key]);
  if (text !== undefined)
    made.textContent = text;
  if (parent)
    parent.append(made);
  return made;
}

// ---- The rows ----------------------------------------------------------------

function parse(text) {
  const run = {events: [], arrows: [], holds: [], states: [], lanes: [], files: [], findings: [], tooLong: []};
  for (const line of text.split("\n")) {
    const [row, ...f] = line.split("\t");
    if (row === "event")
      run.events[f[0]] = {id: +f[0], lane: +f[1], begin: +f[2], effect: +f[3],
        end: f[4] === "" ? Infinity : +f[4], level: +f[5], kind: f[6], count: +f[7],
        slept: f[8] === "1",
        name: f[9], text: f[10], raw: f[11], source: f[12]};
    else if (row === "arrow")
      run.arrows.push({from: +f[0], to: +f[1], kind: f[2], text: f[3]});
    else if (row === "hold")
      run.holds.push({event: +f[0], lane: +f[1], fd: +f[2], file: +f[3]});
    else if (row === "state")
      run.states.push({event: +f[0], lane: +f[1], state: f[2]});
    else if (row === "lane")
      run.lanes[f[0]] = {id: +f[0], pid: +f[1], parent: +f[2], kind: f[3], name: f[4]};
    else if (row === "file")
      run.files[f[0]] = {id: +f[0], kind: f[1], name: f[2]};
    else if (row === "toolong")
      run.tooLong.push({event: +f[0], lane: +f[1], file: +f[2]});
    else if (row === "finding")
      run.findings.push({event: +f[0], text: f[1]});
  }
  run.holds.sort((a, b) => a.event - b.event);
  return run;
}

// A lane begins where it is made, or with its first call, and ends when it is gone.
function findLives(run) {
  for (const lane of run.lanes.filter(Boolean)) {
    const own = run.events.filter(e => e && e.lane === lane.id);
    const at = state => run.states.find(s => s.lane === lane.id && s.state === state)?.event;
    lane.first = at("alive") ?? own[0]?.id ?? 1;
    lane.zombie = at("zombie");
    lane.gone = at("gone") ?? Infinity;
    lane.calls = own;
  }
}

// Whoever was made by another stands right of it; clients stand left of servers.
function placeLanes(run) {
  const order = [];
  const place = lane => {
    lane.column = order.push(lane) - 1;
    run.lanes.filter(l => l && l.parent === lane.id).forEach(place);
  };
  const roots = run.lanes.filter(l => l && !l.parent);
  roots.filter(l => !/^server/.test(l.name)).forEach(place);
  roots.filter(l => /^server/.test(l.name)).forEach(place);
  run.order = order;
}

// ---- At a moment ---------------------------------------------------------------

// The call that a lane is in just after event number id.
function callAt(run, lane, id) {
  const now = run.events[id].effect;
  const next = lane.calls.find(e => e.id > id);
  return next && next.begin <= now && next.slept ? next : null;
}

function stateAt(run, lane, id) {
  if (id < lane.first || id >= lane.gone)
    return null;
  if (lane.zombie && id >= lane.zombie)
    return {zombie: true, text: "zombie: has ended, and nobody has waited for it yet"};
  const call = callAt(run, lane, id);
  return {text: call ? "sleeps in " + call.name : "runs"};
}

// Who holds what after event number id: lane -> fd -> file.
function tablesAt(run, id) {
  const tables = {};
  for (const h of run.holds) {
    if (h.event > id)
      break;
    const table = tables[h.lane] ??= {};
    if (h.file)
      table[h.fd] = h.file;
    else
      delete table[h.fd];
  }
  return tables;
}

// One colour for each open file that processes share.
function colour(run, file) {
  run.hues ??= run.files.filter(f => f && f.kind !== "file").map(f => f.id);
  const index = run.hues.indexOf(file);
  return index < 0 ? "var(--line)" : `hsl(${(index * 137.5 + 200) % 360} 70% var(--lightness))`;
}

// ---- Drawing -------------------------------------------------------------------

class Diagram {
  constructor(run, title, parent) {
    this.run = run;
    run.number = main.children.length;
    findLives(run);
    placeLanes(run);
    this.box = element("section", {class: "run"}, parent);
    element("h2", {}, this.box, title);
    this.scroll = element("div", {class: "diagram", tabindex: 0}, this.box);
    this.moment = element("div", {class: "moment"}, this.box);
    this.width = Math.max(80, Math.min(150, (two ? 500 : 1000) / run.order.length));
    this.picked = 0;
    this.draw();
  }

  isShown(e) {
    return e.level === 1 || (all && e.level === 2);
  }

  x(lane) {
    return LEFT + this.width * (this.run.lanes[lane].column + 0.5);
  }

  // Where the event stands, also one that is not shown: between its neighbours.
  y(id) {
    return this.place[Math.min(id, this.place.length - 1)];
  }

  // Where the moment lies: above the first event that is later.
  yOf(time) {
    const later = this.shown.find(e => e.effect >= time);
    return later ? this.y(later.id) - ROW / 2 : this.height;
  }

  draw() {
    const run = this.run;
    this.shown = run.events.filter(e => e && this.isShown(e));
    this.place = [];
    let row = 0;
    run.events.forEach(e => {
      this.place[e.id] = this.isShown(e) ? ROW * (++row - 0.3) : ROW * (row + 0.2);
    });
    this.height = ROW * (row + 1);
    this.scroll.replaceChildren();
    const width = LEFT + this.width * run.order.length + 360;
    this.drawHead(width);
    this.svg = element("svg", {width, height: this.height, viewBox: `0 0 ${width} ${this.height}`}, this.scroll);
    this.drawing = element("g", {id: "drawing" + this.run.number}, this.svg);
    this.bands = element("g", {}, this.drawing);
    run.order.forEach(lane => this.drawLane(lane));
    this.drawRibbons();
    run.arrows.forEach(a => this.drawArrow(a));
    this.drawForks();
    let last = 0;
    for (const e of this.shown) {
      this.drawEvent(e, e.effect - last);
      last = e.effect;
    }
    this.pick(this.picked || this.shown[0]?.id, false);
  }

  drawHead(width) {
    const head = element("svg", {class: "lanes", width, height: 38, viewBox: `0 0 ${width} 38`}, this.scroll);
    for (const lane of this.run.order) {
      element("text", {x: this.x(lane.id), y: 16, class: "lane"}, head, lane.name);
      element("text", {x: this.x(lane.id), y: 31, class: "pid"}, head, lane.pid);
    }
  }

  drawLane(lane) {
    const x = this.x(lane.id);
    const top = this.y(lane.first);
    const end = lane.zombie ?? lane.gone;
    const bottom = end === Infinity ? this.height : this.y(end);
    element("line", {class: "life", x1: x, x2: x, y1: top, y2: bottom}, this.drawing);
    if (lane.zombie)
      element("line", {class: "zombie", x1: x, x2: x, y1: bottom,
        y2: lane.gone === Infinity ? this.height : this.y(lane.gone)}, this.drawing);
    for (const e of lane.calls)
      if (e.slept)
        this.drawWait(e, x);
  }

  drawWait(e, x) {
    const from = Math.max(this.yOf(e.begin), this.y(this.run.lanes[e.lane].first));
    const to = e.end === Infinity ? this.height : e.effect > e.begin ? this.y(e.id) : this.yOf(e.end);
    if (to - from < ROW * 0.6)
      return;
    element("rect", {class: "waits", x: x - 6, y: from, width: 12, height: to - from, rx: 3}, this.drawing);
    if (to - from > ROW * 4) {
      element("text", {class: "call", "text-anchor": "middle", "font-size": 10,
        transform: `translate(${x + 4} ${(from + to) / 2}) rotate(-90)`}, this.drawing, e.name);
    }
  }

  // Beside each lane a stripe for each connection, channel ... that it holds.
  drawRibbons() {
    const open = {};
    const slots = {};
    const ribbon = (h, end) => {
      const {slot, from} = h;
      const x = this.x(h.lane) - 12 - 5 * slot;
      const y1 = this.y(from);
      element("line", {class: "ribbon", "data-file": h.file, x1: x, x2: x, y1,
        y2: Math.max(y1 + 3, end === Infinity ? this.height : this.y(end)),
        stroke: colour(this.run, h.file), "stroke-width": 4}, this.drawing)
        .append(element("title", {}, null, `fd ${h.fd}: ${this.run.files[h.file].name}`));
      const tooLong = this.run.tooLong.find(f => f.lane === h.lane && f.file === h.file);
      if (tooLong)
        element("line", {class: "forgotten", x1: x, x2: x, y1: Math.max(y1, this.y(tooLong.event)),
          y2: end === Infinity ? this.height : this.y(end)}, this.drawing);
    };
    for (const h of this.run.holds) {
      const key = h.lane + " " + h.fd;
      const old = open[key];
      if (old) {
        ribbon(old, h.event);
        slots[h.lane][old.slot] = false;
        delete open[key];
      }
      if (h.file && /connection|channel|listener|pipe|eventfd|socket/.test(this.run.files[h.file].kind)) {
        const used = slots[h.lane] ??= [];
        let slot = used.findIndex(u => !u);
        if (slot < 0)
          slot = used.length;
        used[slot] = true;
        open[key] = {...h, slot, from: h.event};
      }
    }
    Object.values(open).forEach(h => ribbon(h, Infinity));
  }

  // From whoever makes a process or thread to the beginning of its lane.
  drawForks() {
    for (const {event, lane, state} of this.run.states) {
      const parent = this.run.events[event];
      if (state !== "alive" || parent.lane === lane)
        continue;
      const [x1, x2, y] = [this.x(parent.lane) + 6, this.x(lane) - 2, this.y(event)];
      element("path", {class: "arrow fork", "data-kind": "fork",
        d: `M${x1} ${y} H${x2} m-8 -4 l8 4 l-8 4`}, this.drawing);
    }
  }

  drawArrow(a) {
    const from = this.run.events[a.from];
    const to = this.run.events[a.to];
    if (!this.isShown(to) || !this.isShown(from))
      return;
    let [x1, y1, x2, y2] = [this.x(from.lane), this.y(a.from), this.x(to.lane), this.y(a.to)];
    const side = Math.sign(x2 - x1);
    const path = side === 0
      ? `M${x1 + 6} ${y1} C${x1 + 40} ${y1} ${x1 + 40} ${y2} ${x2 + 8} ${y2}`
      : `M${x1 + 6 * side} ${y1} L${x2 - 8 * side} ${y2}`;
    const arrow = element("path", {class: "arrow " + a.kind, "data-kind": a.kind, d: path}, this.drawing);
    const angle = side === 0 ? Math.PI : Math.atan2(y2 - y1, x2 - x1 - 14 * side);
    const tip = [x2 - (side || -1) * 7, y2];
    const wing = turn => `${tip[0] - 8 * Math.cos(angle + turn)} ${tip[1] - 8 * Math.sin(angle + turn)}`;
    arrow.setAttribute("d", `${path} M${wing(0.45)} L${tip.join(" ")} L${wing(-0.45)}`);
    if (a.kind === "descriptor") {
      const sent = this.run.holds.find(h => h.event === a.to && h.file);
      if (sent)
        arrow.style.stroke = colour(this.run, sent.file);
    }
  }

  drawEvent(e, since) {
    const y = this.y(e.id);
    const x = this.x(e.lane);
    const alarming = this.run.findings.some(f => f.event === e.id);
    const last = this.run.states.some(s => s.event === e.id && s.lane === e.lane && s.state !== "alive");
    const g = element("g", {class: "event" + (alarming ? " alarming" : "") + (e.level > 1 ? " minor" : "") +
      (last ? " end-of-life" : ""), "data-id": e.id, "data-kind": e.kind, "data-call": e.name, "data-count": e.count}, this.drawing);
    element("rect", {class: "band", x: 0, y: y - ROW / 2, width: "100%", height: ROW}, g);
    this.bands.append(g.firstChild); // behind everything
    element("text", {class: "time", x: LEFT - 8, y: y + 4, "text-anchor": "end"}, g,
      e.effect.toFixed(3) + " s");
    if (since > 0.1)
      element("line", {class: "gap", x1: 0, x2: "100%", y1: y - ROW / 2, y2: y - ROW / 2}, g);
    element("circle", {cx: x, cy: y, r: alarming ? 7 : 5}, g);
    element("text", {x: x + 11, y: y - 3}, g, e.text.length > 72 ? e.text.slice(0, 70) + "…" : e.text);
  }

  // ---- The event that is picked ------------------------------------------------

  pick(id, scroll = true) {
    if (!id)
      return;
    this.picked = id;
    const old = this.scroll.querySelectorAll(".picked");
    old.forEach(o => o.classList.remove("picked"));
    const g = this.scroll.querySelector(`[data-id="${id}"]`);
    g?.classList.add("picked");
    const index = this.shown.findIndex(e => e.id === id);
    [...this.bands.children].forEach((band, i) => band.classList.toggle("picked", i === index));
    if (scroll && g) {
      const y = this.y(id);
      const {scrollTop, clientHeight} = this.scroll;
      if (y < scrollTop + 40 || y > scrollTop + clientHeight - 60)
        this.scroll.scrollTop = y - clientHeight / 2;
    }
    this.showMoment(id);
  }

  showMoment(id) {
    const run = this.run;
    const e = run.events[id];
    const tables = tablesAt(run, id);
    this.moment.replaceChildren();
    element("h3", {}, this.moment, "What stands out");
    const list = element("ul", {class: "findings"}, this.moment);
    for (const f of run.findings) {
      const li = element("li", {tabindex: 0, "data-event": f.event}, list, "! " + f.text);
      li.onclick = () => this.pick(this.nearest(f.event));
    }
    if (run.findings.length === 0)
      element("li", {class: "none"}, list, "Nothing.");
    element("h3", {}, this.moment, "This event: " + run.lanes[e.lane].name);
    element("pre", {class: "raw"}, this.moment, details(e));
    element("h3", {}, this.moment, `Who holds what after it (${e.effect.toFixed(3)} s)`);
    for (const lane of run.order) {
      const state = stateAt(run, lane, id);
      if (!state)
        continue;
      const h = element("h3", {class: "who"}, this.moment, lane.name + " ");
      element("span", {class: "state" + (state.zombie ? " zombie-state" : "")}, h, state.text);
      if (lane.kind === "thread")
        continue;
      const row = element("div", {}, this.moment);
      for (const [fd, file] of Object.entries(tables[lane.id] ?? {}))
        element("span", {class: "fd", style: `border-color: ${colour(run, file)}`, "data-file": file},
          row, `${fd} ${run.files[file].name}`);
    }
  }

  // A browser does not cut a drawing where a page ends: give it slices.
  slice() {
    const [width, height] = [this.svg.getAttribute("width"), ROW * 10];
    this.slices = element("div", {}, this.scroll);
    for (let y = 0; y < this.height; y += height) {
      const part = element("svg", {viewBox: `0 ${y} ${width} ${height}`}, this.slices);
      element("use", {href: "#" + this.drawing.id}, part);
    }
    this.svg.classList.add("sliced");
  }

  unslice() {
    this.slices.remove();
    this.svg.classList.remove("sliced");
  }

  nearest(id) {
    return (this.shown.find(e => e.id >= id) ?? this.shown.at(-1)).id;
  }

  step(by) {
    const at = this.shown.findIndex(e => e.id >= this.picked);
    const to = Math.max(0, Math.min(this.shown.length - 1, at + by));
    this.pick(this.shown[to].id);
  }

  nextFinding() {
    const ids = this.run.findings.map(f => this.nearest(f.event)).sort((a, b) => a - b);
    const next = ids.find(id => id > this.picked) ?? ids[0];
    if (next)
      this.pick(next);
  }
}

// What strace printed, how long it took, where in the source it was called.
function details(e) {
  const took = e.end === Infinity ? "it was still in it at the end"
    : e.end - e.begin >= 0.0001 ? `${((e.end - e.begin) * 1000).toFixed(1)} ms` : "";
  return [e.raw, e.count > 1 ? `and ${e.count - 1} more like it: ${e.text}` : "", took,
    e.source && "called by " + e.source.replaceAll(" < ", "\n  from ")].filter(Boolean).join("\n");
}

// ---- The page ------------------------------------------------------------------

let all = false;
const main = document.getElementById("runs");
const sources = [...document.querySelectorAll("pre.rows")];
const two = sources.length > 1;
const diagrams = sources.map(pre =>
  new Diagram(parse(pre.textContent), pre.title, main));
let active = diagrams[0];

function activate(diagram) {
  active = diagram;
  diagrams.forEach(d => d.box.classList.toggle("active", d === active && two));
}

function toggleAll() {
  all = !all;
  document.getElementById("all").setAttribute("aria-pressed", all);
  diagrams.forEach(d => {
    d.draw();
    d.pick(d.nearest(d.picked));
  });
}

function setTheme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}

const keys = {
  ArrowDown: () => active.step(1), j: () => active.step(1),
  ArrowUp: () => active.step(-1), k: () => active.step(-1),
  PageDown: () => active.step(15), PageUp: () => active.step(-15),
  Home: () => active.step(-Infinity), End: () => active.step(Infinity),
  n: () => active.nextFinding(),
  a: toggleAll,
  t: () => setTheme(document.documentElement.dataset.theme !== "dark"),
  ArrowLeft: () => activate(diagrams[0]), ArrowRight: () => activate(diagrams.at(-1)),
};
document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key])
    return;
  event.preventDefault();
  keys[event.key]();
});
document.getElementById("all").onclick = toggleAll;
document.getElementById("theme").onclick = keys.t;

addEventListener("beforeprint", () => diagrams.forEach(d => d.slice()));
addEventListener("afterprint", () => diagrams.forEach(d => d.unslice()));

const tip = document.getElementById("tip");
for (const d of diagrams) {
  const eventAt = target => d.run.events[target.closest?.(".event")?.dataset.id];
  d.scroll.addEventListener("click", event => {
    activate(d);
    const y = event.clientY - d.svg.getBoundingClientRect().top;
    const e = eventAt(event.target) ?? d.shown[Math.floor(y / ROW)];
    if (e)
      d.pick(e.id);
  });
  d.scroll.addEventListener("mousemove", event => {
    const e = eventAt(event.target);
    tip.hidden = !e;
    if (!e)
      return;
    tip.textContent = details(e);
    tip.style.left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 10) + "px";
    tip.style.top = (event.clientY + 24 + tip.offsetHeight < innerHeight
      ? event.clientY + 18 : event.clientY - tip.offsetHeight - 12) + "px";
  });
  d.scroll.addEventListener("mouseleave", () => { tip.hidden = true; });
}
setTheme(/dark/.test(location.hash) || (!/light/.test(location.hash) &&
  matchMedia("(prefers-color-scheme: dark)").matches));
document.body.classList.toggle("two", two);
document.getElementById("other").hidden = !two;
activate(active);
if (active.run.findings.length > 0)
  active.nextFinding();
