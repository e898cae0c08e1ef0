// Light or dark, before anything is painted: a module would come too late and the page would flash.
// Without a choice of the reader's the system's holds.
'use strict';
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem('theme');
  } catch {
    // A browser that keeps nothing has the system's.
  }
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
})();
