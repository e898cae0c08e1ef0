// The parts that pages are made of.

import { fresh, h, icon, land, replace } from './dom.js';
import { session } from './session.js';
import { DECISIONS, tone } from './words.js';

export const ICONS = {
  copy: 'M5.5 5V2.5h8V10.5H11M2.5 5.5H10.5v8H2.5z',
  done: 'M3 8.5 6.5 12 13 4.5',
  open: 'M6 3.5 10.5 8 6 12.5',
  close: 'M4 4l8 8M12 4l-8 8',
  half: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM8 2v12M8 4.5h3.8M8 8h5.6M8 11.5h3.8',
  search: 'M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.5 10.5 14 14',
};

/// Text between backquotes as code.
export const prose = (text) => text.split('`').map((part, at) => (at % 2 ? h('code', {}, part) : part));

export const tag = (text, kind = 'calm', title = null) => h('span', { class: `tag ${kind}`, title }, text);
/// Callers choose their methods: with its prefix no word becomes a class that means something else.
export const method = (name) => h('span', { class: `method verb-${name.toLowerCase()}` }, name);
export const status = (code) => h('span', { class: `status ${tone(code)}` }, code ?? '···');

export function decision(word) {
  const [text, meaning, kind] = DECISIONS[word] ?? [word, '', 'calm'];
  return tag(text, kind, meaning);
}

/// Says something once, to eyes and to screen readers; goes by itself.
export function say(text, kind = 'good') {
  const line = h('div', { class: `toast ${kind}` }, text);
  document.getElementById('toasts').append(line);
  setTimeout(() => line.remove(), 5000);
}

/// A button that copies a text, or what a function gives then.
export function copy(text, what, { label = null } = {}) {
  const face = h('span', { class: 'face' });
  const draw = (picture) => replace(face, icon(ICONS[picture]), label);
  draw('copy');
  const button = h('button', { type: 'button', class: 'quiet copy', title: `Copy ${what}`, 'aria-label': label ? null : `Copy ${what}` }, face);
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(typeof text === 'function' ? text() : text);
      draw('done');
      say(`Copied ${what}`);
      setTimeout(() => draw('copy'), 2000);
    } catch {
      say(`The browser does not let this page copy. Mark ${what} and copy it by hand.`, 'bad');
    }
  });
  return button;
}

/// What is shown where there is nothing: what it would be, and what to do next.
export const empty = (title, ...next) => h('div', { class: 'empty' }, h('h2', {}, title), next);

/// A refusal of the server, with its help, and the report of a configuration; or any other error. `again` tries it again.
export function refusal(problem, { again = null } = {}) {
  const hints = problem.report ? [] : (problem.problems ?? []).map((one) => h('li', {}, one.title));
  return h('div', { class: 'notice bad', role: 'alert' },
    h('p', {}, h('strong', {}, prose(problem.message || String(problem)))),
    problem.help ? h('p', {}, prose(problem.help)) : null,
    hints.length ? h('ul', {}, hints) : null,
    problem.report ? h('pre', { class: 'report', tabindex: '0' }, problem.report) : null,
    again ? h('p', {}, h('button', { type: 'button', class: 'link', id: 'again', onclick: again }, 'Try again')) : null);
}

/// Does something at the press of a button, or when it sends its form: the button rests meanwhile, and a refusal is said.
/// It is not disabled, which would take the focus from it. Where it is gone afterwards, `next` gives the element that
/// takes the focus; else it is the heading of the part.
export function doing(button, act, { place = null, form = null, next = null } = {}) {
  (form ?? button).addEventListener(form ? 'submit' : 'click', async (event) => {
    if (form) event.preventDefault();
    if ((form && event.submitter !== button) || button.hasAttribute('aria-busy')) return;
    const home = button.closest('.pane, .panel, main');
    button.setAttribute('aria-busy', 'true');
    button.setAttribute('aria-disabled', 'true');
    try {
      if (place) replace(place);
      await act();
    } catch (problem) {
      if (place) replace(place, refusal(problem));
      else say([problem.message, problem.help].filter(Boolean).join(' '), 'bad');
    } finally {
      button.removeAttribute('aria-busy');
      button.removeAttribute('aria-disabled');
      if (document.activeElement === document.body) {
        land(button.isConnected ? button : button.id && document.getElementById(button.id), next?.(), home?.isConnected && home.querySelector('h1[tabindex], h2[tabindex]'), document.querySelector('main h1'));
      }
    }
  });
  return button;
}

/// A control that changes something: it rests where the listener is read-only, and says why.
export function changes(control) {
  if (session.read_only) {
    control.disabled = true;
    control.dataset.forbidden = '';
    control.title = 'Read-only: `admin.read_only` is set';
  }
  return control;
}

/// The reason beside controls that rest.
export const whyNot = () => (session.read_only
  ? h('p', { class: 'notice calm' }, prose('Nothing can be changed here: `admin.read_only` is set.'))
  : null);

/// Asks whether to do something that cannot be undone.
export function confirmed(title, text, word) {
  return new Promise((resolve) => {
    const name = fresh('dialog');
    const dialog = h('dialog', { 'aria-labelledby': name },
      h('form', { method: 'dialog' },
        h('h2', { id: name }, title),
        h('p', {}, prose(text)),
        h('div', { class: 'buttons' },
          h('button', { class: 'plain', value: 'no', autofocus: true }, 'Cancel'),
          h('button', { class: 'danger', value: 'yes' }, word))));
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/// A field with its label, and a hint below.
export function field(label, control, { hint = null } = {}) {
  if (!control.id) control.id = fresh('field');
  const line = hint ? h('small', { id: `${control.id}-hint`, class: 'muted' }, hint) : null;
  if (line) control.setAttribute('aria-describedby', line.id);
  return h('div', { class: 'field' }, h('label', { for: control.id }, label), control, line);
}

/// A choice; options are values, or pairs of value and text.
export function select(options, chosen, attributes = {}) {
  const rows = options.map((one) => (Array.isArray(one) ? one : [one, one]));
  return h('select', attributes, rows.map(([value, text]) => h('option', { value, selected: value === (chosen ?? '') }, text)));
}

/// Facts in two columns; what has no value is left out.
export const facts = (rows) => h('dl', { class: 'facts' }, rows.filter(([, value]) => value !== null && value !== undefined)
  .map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
