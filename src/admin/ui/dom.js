// Builds elements. Text goes in as text nodes only: nothing that a caller sent can become markup.

const SVG = 'http://www.w3.org/2000/svg';

/// An element: `h('button', { class: 'primary', onclick: send }, 'Send')`. Attributes that are null or false are left
/// out; children may be nested lists with gaps.
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'value' || name === 'checked' || name === 'indeterminate') element[name] = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  add(element, children);
  return element;
}

function add(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
}

/// A picture of one stroke, for readers who see; what it means stands beside it as text.
export function icon(path) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS(SVG, 'path');
  line.setAttribute('d', path);
  svg.append(line);
  return svg;
}

/// Puts other children into an element. Whoever held the focus inside holds it again, if there is still an element with
/// its id, and keeps the selection of its text.
export function replace(element, ...children) {
  const held = element.contains(document.activeElement) ? document.activeElement : null;
  const selection = held && 'selectionStart' in held ? [held.selectionStart, held.selectionEnd] : null;
  element.replaceChildren();
  add(element, children);
  const again = held?.id && !held.isConnected ? document.getElementById(held.id) : null;
  if (again) {
    again.focus({ preventScroll: true });
    if (selection?.[0] !== undefined && selection?.[0] !== null && again.setSelectionRange) again.setSelectionRange(...selection);
  }
  return element;
}

/// Gives the focus to the first of some elements that takes it. What lies in closed details gives it to their summary.
export function land(...places) {
  for (const place of places) {
    const taken = place?.closest('details:not([open])')?.querySelector('summary') ?? place;
    taken?.focus({ preventScroll: true });
    if (taken && document.activeElement === taken) return;
  }
}

/// Scrolls a row of links sideways, and nothing else, until the current one is in its middle.
export function centre(row) {
  const link = row.querySelector('[aria-current]');
  if (!link) return;
  const [own, whole] = [link.getBoundingClientRect(), row.getBoundingClientRect()];
  row.scrollLeft += own.left - whole.left - (whole.width - own.width) / 2;
}

/// An id that nothing else on the page has.
let last = 0;
export const fresh = (prefix) => `${prefix}-${++last}`;

/// Calls back once things have been quiet for so many milliseconds.
export function settled(wait, callback) {
  let timer;
  const later = (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => callback(...given), wait);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}
