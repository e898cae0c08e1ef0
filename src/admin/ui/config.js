// The configuration in force: its generation, the report of the last attempt to replace it, checking and reloading.

import { get, post } from './api.js';
import { h, replace } from './dom.js';
import { ago, moment, number, plural } from './format.js';
import { changes, copy, doing, facts, prose, refusal, say, tag, whyNot } from './parts.js';

const TRIGGERS = { start: 'the start', watch: 'a changed file', signal: 'a signal', call: 'a call', admin: 'this listener' };

const kinds = ({ added, changed, removed }) => `${number(added)} added, ${number(changed)} changed, ${number(removed)} removed`;

function place({ file, line, column }) {
  const text = [file, line, column].filter((part) => part !== null).join(':');
  return text ? h('code', {}, text) : null;
}

/// Problems of the files, each with its place and how to mend it.
export function problems(list, report) {
  if (!list.length) return null;
  return [
    h('ul', { class: 'problems' }, list.map((one) => h('li', { class: `notice ${one.severity === 'error' ? 'bad' : 'warn'}` },
      h('p', {}, tag(one.severity === 'error' ? 'Error' : 'Warning', one.severity === 'error' ? 'bad' : 'warn'), ' ', h('strong', {}, prose(one.title)), ' ', h('code', { class: 'muted' }, one.code)),
      h('p', {}, place(one), one.label ? [' ', prose(one.label)] : null),
      one.help ? h('p', {}, h('em', {}, 'Help: '), prose(one.help)) : null))),
    report ? h('details', {}, h('summary', {}, 'The report as text'), h('div', { class: 'line small' }, copy(report, 'the report')), h('pre', { class: 'report', tabindex: '0' }, report)) : null,
  ];
}

export async function show({ current }) {
  const state = h('div', {});
  const outcome = h('div', { 'aria-live': 'polite' });

  const old = h('div', {});
  let before = '';

  const draw = async () => {
    const found = await get('/v1/config');
    const now = JSON.stringify(found);
    replace(old);
    if (!current() || now === before) return;
    const { generation, path, last } = found;
    const refused = last.result === 'refused';
    // What was found before says nothing of files that have been applied since.
    if (before && !refused) replace(outcome);
    before = now;
    replace(state, h('div', { class: 'card' },
      facts([
        ['Generation', number(generation)],
        ['File', path ? h('code', {}, path) : 'None: flags and variables only'],
        ['Last attempt', [tag(refused ? 'Refused' : 'Applied', refused ? 'bad' : 'good'), ` by ${TRIGGERS[last.trigger] ?? last.trigger}, `, h('time', { datetime: last.at }, `${moment(last.at)} (${ago(last.at)})`)]],
        ['Stubs', kinds(last)],
      ]),
      refused ? h('p', { class: 'notice bad' }, `The files have ${plural(last.errors, 'error')}. Generation ${number(generation)} stays in force until they are mended.`) : null,
      problems(last.problems, last.report)));
  };

  const check = doing(h('button', { type: 'button', class: 'plain', id: 'check' }, 'Check the files'), async () => {
    const found = await post('/v1/config/check');
    replace(outcome, h('div', { class: 'card' }, h('h2', {}, 'Check'),
      h('p', { class: `notice ${found.valid ? 'good' : 'bad'}` }, found.valid ? `The files are valid. A reload would come to: ${kinds(found)}.` : `A reload would be refused: ${plural(found.errors, 'error')}.`),
      problems(found.problems, found.report)));
  }, { place: outcome });
  const reload = changes(doing(h('button', { type: 'button', class: 'primary', id: 'reload' }, 'Reload now'), async () => {
    try {
      const done = await post('/v1/config/reload');
      say(done.reloaded ? `Generation ${done.generation}: ${kinds(done)}` : 'Nothing has changed');
    } catch (problem) {
      if (problem.status !== 422) throw problem;
      replace(outcome, refusal(problem));
    }
    await draw();
  }, { place: outcome }));

  await draw();
  // The watcher reloads by itself: what is shown here is looked up now and then.
  const timer = setInterval(() => document.hidden || draw().catch((problem) => old.childElementCount || replace(old, refusal(problem))), 5000);
  return {
    content: [
      h('div', { class: 'title' }, h('h1', { id: 'heading', tabindex: '-1' }, 'Configuration'), h('div', { class: 'buttons push' }, check, reload)),
      whyNot(), h('p', { class: 'muted' }, 'Files are watched: a saved change is loaded by itself if all of it is valid.'), old, outcome, state],
    close: () => clearInterval(timer),
  };
}
