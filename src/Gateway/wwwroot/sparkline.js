/** A line over the latest values on a canvas; colours come from the canvas's own CSS, so that a theme change needs no code. */
export class Sparkline {
  #canvas;
  #values = [];
  #capacity;
  #scheduled = false;

  constructor(canvas, capacity) {
    this.#canvas = canvas;
    this.#capacity = capacity;
    new ResizeObserver(() => this.redraw()).observe(canvas);
  }

  set(values) {
    this.#values = values;
    this.redraw();
  }

  redraw() {
    if (this.#scheduled) {
      return;
    }
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#draw();
    });
  }

  #draw() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    if (width === 0 || height === 0) {
      return;
    }
    const context = this.#prepare(width, height);
    const style = getComputedStyle(this.#canvas);
    const line = style.color;
    const grid = style.borderTopColor;

    context.strokeStyle = grid;
    context.lineWidth = 1;
    for (const fraction of [0.25, 0.5, 0.75]) {
      const y = Math.round(height * fraction) + 0.5;
      context.beginPath();
      context.moveTo(0, y);
      context.lineTo(width, y);
      context.stroke();
    }
    if (this.#values.length === 0) {
      return;
    }

    const points = this.#points(width, height);
    context.beginPath();
    points.forEach(([x, y], index) => (index === 0 ? context.moveTo(x, y) : context.lineTo(x, y)));
    context.strokeStyle = line;
    context.lineWidth = 1.5;
    context.lineJoin = "round";
    context.stroke();

    context.lineTo(points.at(-1)[0], height);
    context.lineTo(points[0][0], height);
    context.closePath();
    const fill = context.createLinearGradient(0, 0, 0, height);
    fill.addColorStop(0, line);
    fill.addColorStop(1, "transparent");
    context.globalAlpha = 0.18;
    context.fillStyle = fill;
    context.fill();
    context.globalAlpha = 1;

    const [x, y] = points.at(-1);
    context.beginPath();
    context.arc(x, y, 2.5, 0, Math.PI * 2);
    context.fillStyle = line;
    context.fill();
  }

  // The backing store follows the device's pixels; drawing stays in CSS pixels.
  #prepare(width, height) {
    const ratio = window.devicePixelRatio || 1;
    const pixelWidth = Math.round(width * ratio);
    const pixelHeight = Math.round(height * ratio);
    if (this.#canvas.width !== pixelWidth || this.#canvas.height !== pixelHeight) {
      this.#canvas.width = pixelWidth;
      this.#canvas.height = pixelHeight;
    }
    const context = this.#canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    return context;
  }

  #points(width, height) {
    const peak = Math.max(...this.#values, 1e-3);
    // A short line keeps to the right third at least, so that the first messages do not stretch over the whole plot.
    const slots = Math.min(this.#capacity, Math.max(this.#values.length, this.#capacity / 4));
    const step = (width - 8) / (slots - 1);
    const start = width - 4 - step * (this.#values.length - 1);
    return this.#values.map((value, index) => [start + index * step, height - 3 - (value / peak) * (height - 8)]);
  }
}
