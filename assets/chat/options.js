// How the page is to look, from its address: `?title=…&placeholder=…&color=…&theme=…&embedded`.

/** Sets what the options say, and returns them. */
export function applyOptions(query, name) {
  const options = new URLSearchParams(query);
  const root = document.documentElement;
  const title = options.get("title")?.trim() || name;
  document.getElementById("title").textContent = title;
  document.title = title;
  document.querySelector(".avatar").textContent = Array.from(title)[0]?.toLocaleUpperCase() ?? "";
  const placeholder = options.get("placeholder")?.trim();
  if (placeholder) document.getElementById("text").placeholder = placeholder;
  const theme = options.get("theme");
  if (theme === "dark" || theme === "light") root.dataset.theme = theme;
  const color = options.get("color");
  const light = color ? luminance(color) : null;
  if (light !== null) {
    root.style.setProperty("--brand", color);
    // Whichever can be read on it (WCAG's contrast: both are equal at a luminance of 0.179).
    root.style.setProperty("--on-brand", light > 0.179 ? "#000000" : "#ffffff");
  }
  const embedded = options.has("embedded") && parent !== window;
  return { title, embedded };
}

/** How light a colour is, from 0 to 1, or null if it is none that is opaque. */
function luminance(color) {
  if (!CSS.supports("color", color)) return null;
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
  if (alpha < 255) return null;
  const [r, g, b] = [red, green, blue].map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
