// The switch between light and dark. Without a choice the system's holds; the choice stays in the browser.

import { h, icon } from './dom.js';
import { ICONS, select } from './parts.js';

export function theme() {
  const control = select([['', 'Auto'], ['light', 'Light'], ['dark', 'Dark']], document.documentElement.dataset.theme, { id: 'theme', 'aria-label': 'Colours' });
  control.addEventListener('change', () => {
    if (control.value) document.documentElement.dataset.theme = control.value;
    else delete document.documentElement.dataset.theme;
    try {
      localStorage.setItem('theme', control.value);
    } catch {
      // It holds for this page, then.
    }
  });
  return h('span', { class: 'theme' }, icon(ICONS.half), control);
}
