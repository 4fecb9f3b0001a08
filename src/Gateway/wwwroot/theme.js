// Loaded before the style sheet's first paint, so that a stored choice never flashes in the other theme.
(() => {
  try {
    const stored = localStorage.getItem("fastpush.theme");
    if (stored === "light" || stored === "dark") {
      document.documentElement.dataset.theme = stored;
    }
  } catch (error) {
    // Storage can be forbidden (private windows, policies); the page then follows the system's theme.
    console.debug("No stored theme:", error.message);
  }
})();
