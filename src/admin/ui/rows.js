// A long list of which only the part in sight is in the document: 10,000 rows cost what thirty do. A row may be open;
// what is below it is as high as it is. Rows keep their elements, so that focus and selection outlive new calls.

import { h } from './dom.js';

/// How many rows are drawn above and below those in sight.
const BEYOND = 10;

export class Rows {
  /// `draw(item)` gives the cells of a row, `detail(item, content)` what is below an open one, or renews it, `key(item)`
  /// its name.
  constructor({ box, label, draw, detail, key, end, changed }) {
    Object.assign(this, { box, draw, detail, key, end, changed });
    this.items = [];
    this.elements = new Map();
    this.details = new Map();
    this.places = new Map();
    this.active = null;
    this.opened = null;
    this.space = h('div', { class: 'space', role: 'rowgroup' });
    this.table = h('div', { class: 'rows', role: 'table', 'aria-label': label });
    this.sizes = new ResizeObserver((entries) => this.measured(entries));
    this.around = new ResizeObserver(() => this.paint());
    this.around.observe(box);
    box.addEventListener('scroll', () => this.soon(), { passive: true });
    this.space.addEventListener('keydown', (event) => this.keys(event));
    this.space.addEventListener('focusin', (event) => this.focused(event));
    // Whoever moves on by hand is not moved any more.
    for (const kind of ['wheel', 'touchmove', 'pointerdown', 'keydown']) box.addEventListener(kind, () => { this.opened = null; }, { passive: true });
  }

  /// The height of a row: that of the style sheet, which knows narrow windows.
  get height() {
    return Number.parseFloat(getComputedStyle(this.box).getPropertyValue('--row')) || 40;
  }

  /// Other rows. Where some of them are new among the others, what is in sight stays where it is.
  set(items, { areNew = false } = {}) {
    const holds = areNew && (this.box.scrollTop > 4 || this.details.size > 0 || this.space.contains(document.activeElement));
    const at = holds ? this.row(this.box.scrollTop) : -1;
    const [first, before] = at in this.items ? [this.key(this.items[at]), this.top(at)] : [null, 0];
    this.items = items;
    this.places = new Map([...this.details.keys()].map((key) => [key, -1]));
    if (this.details.size) items.forEach((item, at) => { if (this.places.has(this.key(item))) this.places.set(this.key(item), at); });
    for (const [key, at] of this.places) {
      if (at < 0) this.forget(key);
      else this.renew(this.details.get(key), items[at]);
    }
    this.extend();
    const now = first === null ? -1 : items.findIndex((item) => this.key(item) === first);
    if (now >= 0) this.box.scrollTop += this.top(now) - before;
    this.paint();
    return holds;
  }

  /// What is below a row shows the item as it is now.
  renew(known, item) {
    if (known.item === item) return;
    known.item = item;
    this.detail(item, known.content);
  }

  forget(key) {
    const { element } = this.details.get(key);
    this.sizes.unobserve(element);
    element.remove();
    this.details.delete(key);
    this.places.delete(key);
  }

  /// Where a row begins.
  top(at) {
    let top = at * this.height;
    for (const [key, { tall }] of this.details) if (this.places.get(key) < at) top += tall;
    return top;
  }

  /// The row at a height.
  row(y) {
    let at = Math.floor(y / this.height);
    for (const [key, place] of [...this.places].sort((one, other) => one[1] - other[1])) {
      if (place >= at) break;
      const below = this.top(place) + this.height;
      const { tall } = this.details.get(key);
      at = y < below + tall ? place : Math.max(place, Math.floor((y - this.before(place + 1)) / this.height));
    }
    return at;
  }

  /// The height of what is open above a row.
  before(at) {
    return this.top(at) - at * this.height;
  }

  extend() {
    this.space.style.height = `${this.top(this.items.length)}px`;
    this.table.setAttribute('aria-rowcount', String(this.items.length + 1));
  }

  soon() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.paint();
    });
  }

  /// What is in sight, and a little beyond.
  get shown() {
    return [...this.elements.values()].map((element) => element.item);
  }

  /// Draws the rows in sight.
  paint() {
    const from = Math.max(0, this.row(this.box.scrollTop) - BEYOND);
    const to = Math.min(this.items.length, this.row(this.box.scrollTop + this.box.clientHeight) + BEYOND);
    const wanted = new Map();
    for (let at = from; at < to; at += 1) wanted.set(this.key(this.items[at]), at);
    // The row that holds the focus stays, or the keys would lead nowhere.
    const held = this.active && this.elements.has(this.active) && this.space.contains(document.activeElement) ? this.items.findIndex((item) => this.key(item) === this.active) : -1;
    if (held >= 0) wanted.set(this.active, held);
    for (const [key, element] of this.elements) {
      if (wanted.has(key)) continue;
      element.remove();
      this.elements.delete(key);
    }
    for (const [key, at] of wanted) this.put(key, at);
    for (const [key, { element }] of this.details) {
      const at = this.places.get(key);
      if (at < from || at >= to) element.remove();
      else {
        element.style.transform = `translateY(${this.top(at) + this.height}px)`;
        if (!element.isConnected) this.space.append(element);
      }
    }
    this.rove(wanted);
    if (to >= this.items.length - BEYOND) this.end?.();
  }

  put(key, at) {
    const item = this.items[at];
    let element = this.elements.get(key);
    if (!element || element.item !== item) {
      const next = h('div', { role: 'row', class: this.details.has(key) ? 'row open' : 'row' }, this.draw(item, this.details.has(key)));
      next.addEventListener('click', (event) => {
        if (!event.target.closest('a') && getSelection().isCollapsed) this.toggle(key);
      });
      if (element?.contains(document.activeElement)) queueMicrotask(() => next.querySelector('button')?.focus({ preventScroll: true }));
      element?.remove();
      next.item = item;
      element = next;
      this.elements.set(key, element);
    }
    element.style.transform = `translateY(${this.top(at)}px)`;
    element.setAttribute('aria-rowindex', String(at + 2));
    element.classList.toggle('odd', at % 2 === 1);
    if (!element.isConnected) this.space.append(element);
  }

  /// One row of all can be reached by Tab; from there the arrows lead on.
  rove(wanted) {
    const key = this.active && wanted.has(this.active) ? this.active : [...wanted.keys()][0];
    for (const [one, element] of this.elements) element.querySelector('button').tabIndex = one === key ? 0 : -1;
  }

  focused(event) {
    const row = event.target.closest('.row');
    if (row) this.active = this.key(row.item);
  }

  keys(event) {
    if (!event.target.matches('.row button')) return;
    const at = this.items.findIndex((item) => this.key(item) === this.active);
    const page = Math.max(1, Math.floor(this.box.clientHeight / this.height) - 1);
    const next = { ArrowDown: at + 1, j: at + 1, ArrowUp: at - 1, k: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: this.items.length - 1 }[event.key];
    if (next === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.focus(Math.min(Math.max(next, 0), this.items.length - 1));
  }

  /// Moves focus and sight to a row.
  focus(at) {
    const top = this.top(at);
    if (top < this.box.scrollTop) this.box.scrollTop = top;
    // The head stays at the top of the box, above the rows.
    const below = top + this.height + this.space.offsetTop;
    if (below > this.box.scrollTop + this.box.clientHeight) this.box.scrollTop = below - this.box.clientHeight;
    this.paint();
    this.elements.get(this.key(this.items[at]))?.querySelector('button').focus({ preventScroll: true });
  }

  toggle(key, open = !this.details.has(key)) {
    if (open === this.details.has(key)) return;
    const at = this.items.findIndex((item) => this.key(item) === key);
    if (at < 0) return;
    if (open) {
      const item = this.items[at];
      const content = this.detail(item);
      const element = h('div', { role: 'row', class: 'detail' }, h('div', { role: 'cell', 'aria-colspan': '6' }, content));
      element.key = key;
      this.details.set(key, { element, content, item, tall: 0 });
      this.opened = key;
      this.places.set(key, at);
      this.space.append(element);
      this.sizes.observe(element);
    } else this.forget(key);
    const row = this.elements.get(key);
    row?.classList.toggle('open', open);
    row?.querySelector('button').setAttribute('aria-expanded', String(open));
    this.extend();
    this.paint();
    this.changed?.([...this.details.keys()]);
  }

  measured(entries) {
    for (const { target } of entries) {
      const known = this.details.get(target.key);
      if (known && target.isConnected) known.tall = target.offsetHeight;
    }
    this.extend();
    this.paint();
    this.bring();
  }

  /// What was opened last comes into sight, once it is as high as it will be.
  bring() {
    const known = this.opened && this.details.get(this.opened);
    if (!known?.tall || !known.element.isConnected) return;
    known.element.scrollIntoView({ block: 'nearest' });
    if (!known.element.querySelector('.loading')) this.opened = null;
  }

  close() {
    this.sizes.disconnect();
    this.around.disconnect();
    cancelAnimationFrame(this.frame);
  }
}
