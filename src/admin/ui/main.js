// Starts the page: signs in where that is needed, draws what every page has, and shows the page that the address names.

import { has, learn, Problem } from './api.js';
import { centre, h, replace } from './dom.js';
import { go, listen, onRoute, query } from './route.js';
import { refusal, say } from './parts.js';
import { refresh, session, signIn, signOut } from './session.js';
import { theme } from './switch.js';

const PAGES = [
  { path: '/mocks', name: 'Mocks', load: () => import('./mocks.js') },
  { path: '/calls', name: 'Call log', load: () => import('./calls.js') },
  { path: '/overrides', name: 'Overrides', load: () => import('./overrides.js'), needs: ['GET', '/v1/overrides'] },
  { path: '/config', name: 'Configuration', load: () => import('./config.js') },
  { path: '/usage', name: 'Usage', load: () => import('./usage.js') },
];
const MOCK = { path: '/mocks', name: 'Mock', load: () => import('./mock.js') };

const main = h('main', { id: 'main', tabindex: '-1' });
const links = h('ul', {});
const tools = h('div', { class: 'tools' });
let shown = null;
let turn = 0;

function shell() {
  replace(document.body,
    h('a', { class: 'skip', href: '#main', onclick: (event) => { event.preventDefault(); main.focus(); } }, 'Skip to content'),
    h('header', { class: 'top' },
      h('a', { class: 'brand', href: '/mocks' }, h('img', { src: '/ui/icon.svg', alt: '', width: '24', height: '24' }), 'Standin'),
      h('nav', { 'aria-label': 'Pages' }, links),
      tools),
    main,
    h('div', { id: 'toasts', role: 'status', 'aria-live': 'polite' }));
}

function frame() {
  const pages = session.signed_in ? PAGES.filter((page) => !page.needs || has(...page.needs)) : [];
  const here = (page) => location.pathname === page.path || location.pathname.startsWith(`${page.path}/`);
  replace(links, pages.map((page) => h('li', {}, h('a', { id: `to${page.path.replace('/', '-')}`, href: page.path, 'aria-current': here(page) ? 'page' : null }, page.name))));
  centre(links.parentElement);
  const out = h('button', { id: 'sign-out', type: 'button', class: 'plain' }, 'Sign out');
  out.addEventListener('click', async () => {
    try {
      await signOut();
      await refresh();
      ask(false);
    } catch (problem) {
      say(problem.message, 'bad');
    }
  });
  replace(tools,
    session.read_only ? h('span', { class: 'tag warn', title: 'admin.read_only is set: nothing can be changed here' }, 'Read-only') : null,
    theme(),
    session.token_required && session.signed_in ? out : null);
}

function ask(over) {
  turn += 1;
  shown?.close?.();
  shown = null;
  session.signed_in = false;
  frame();
  document.title = 'Sign in – Standin';
  signIn(main, { over, done: begin });
}

function find(path) {
  const [, first, name, more] = path.split('/');
  if (first === 'mocks' && name && !more) {
    try {
      return { page: MOCK, name: decodeURIComponent(name) };
    } catch {
      return null;
    }
  }
  const page = PAGES.find((one) => one.path === `/${first}`);
  return page && !name ? { page } : null;
}

/// Why a page is not shown, with a way to try again. What is no refusal of the server is a module that did not arrive:
/// a browser may keep that, and only loading the page anew asks for it again.
function failed(problem, again) {
  const isRefused = problem instanceof Problem;
  const told = isRefused ? problem : new Problem({ detail: 'This page could not be loaded.', help: 'Does Standin still run?' });
  if (!isRefused) console.error(problem);
  const retry = async () => {
    if (!isRefused && await refresh().then(() => true, () => false)) location.reload();
    else await again();
  };
  replace(main, h('h1', { tabindex: '-1' }, told.status === 404 ? 'Not found' : 'This did not work'), refusal(told, { again: told.status === 404 ? null : retry }));
}

/// Shows what the address names. A page that is shown already is told of its new query, and decides what that means.
async function show(how) {
  if (!session.signed_in) return;
  if (location.pathname === '/') return go('/mocks', { replace: true });
  const found = find(location.pathname);
  const key = location.pathname;
  if (shown?.key === key && shown.update) {
    try {
      await shown.update(query());
    } catch (problem) {
      say([problem.message, problem.help].filter(Boolean).join(' '), 'bad');
    }
    return;
  }
  const mine = ++turn;
  shown?.close?.();
  shown = null;
  frame();
  main.className = '';
  document.title = `${found?.name ?? found?.page.name ?? 'Not found'} – Standin`;
  replace(main, h('p', { class: 'loading', role: 'status' }, 'Loading …'));
  try {
    if (!found) {
      replace(main, h('div', { class: 'empty' }, h('h1', { tabindex: '-1' }, 'There is no such page'), h('p', {}, h('a', { href: '/mocks' }, 'Go to the mocks'))));
    } else {
      const module = await found.page.load();
      const page = await module.show({ name: found.name, query: query(), current: () => mine === turn });
      if (mine !== turn) return page.close?.();
      main.className = page.wide ? 'wide' : '';
      replace(main, page.content);
      shown = { key, ...page };
      page.ready?.();
    }
  } catch (problem) {
    if (mine !== turn || !session.signed_in) return;
    failed(problem, () => show('again'));
  }
  if (how !== 'first') main.querySelector('h1')?.focus();
}

async function begin() {
  try {
    await refresh();
    if (!session.signed_in) return ask(false);
    await learn();
    await show('first');
  } catch (problem) {
    failed(problem, begin);
  }
}

// What nobody was waiting for is told, not lost.
window.addEventListener('unhandledrejection', ({ reason }) => {
  if (session.signed_in && reason instanceof Problem) say([reason.message, reason.help].filter(Boolean).join(' '), 'bad');
});
shell();
listen();
onRoute(show);
window.addEventListener('signed-out', () => session.signed_in && ask(true));
begin();
