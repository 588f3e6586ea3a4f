// The charts: uPlot as one module that the page loads when somebody first opens them.
//
// It knows nothing of Opscape. The page hands it lines; it draws one chart for each panel into the element that is meant
// for it, shares the cursor among them, marks the present instant, fades what lies after it, and says where somebody points
// or drags.

import uPlot from "uplot";

import styles from "../../static/css/charts.css";

/** How a line looks: `ink1` to `ink3`, `r1` to `r6`, `err0`..., `target`. */
export interface Line {
  look: string;
  values: (number | null)[];
}

export interface Panel {
  /** Where it is drawn. */
  parent: HTMLElement;
  /** Values hold until the next ones. */
  stepped: boolean;
  times: number[];
  lines: Line[];
}

export interface Options {
  /** Somebody points at this instant in seconds; none: not any more. */
  pointed(at: number | undefined): void;
  /** Somebody drags to this instant in seconds. */
  dragged(at: number): void;
}

export interface Charts {
  /** Draws these panels between two instants. */
  show(panels: Panel[], from: number, until: number): void;
  /** The present instant, and how far something is known, in seconds. */
  at(now: number, known: number): void;
  destroy(): void;
}

const AXIS = 46;
const DASHES: Record<string, number[]> = { target: [2, 3], ink2: [6, 3], err1: [6, 3], err2: [2, 2], err3: [8, 3, 2, 3] };

interface Chart {
  plot: uPlot;
  parent: HTMLElement;
  /** What the plot was made for: another shape needs another one. */
  shape: string;
  head: HTMLElement;
  ahead: HTMLElement;
}

export function createCharts(page: HTMLElement, options: Options): Charts {
  const root = page.getRootNode();
  const sheet = document.createElement("style");
  sheet.textContent = styles;
  (root instanceof ShadowRoot ? root : document.head).append(sheet);
  let charts: Chart[] = [];
  let shown: Panel[] = [];
  let span: [number, number] = [0, 20];
  let present: [number, number] = [0, 0];
  const sync = uPlot.sync(`opscape-${Math.random()}`);

  const colour = (look: string) => {
    const style = getComputedStyle(page);
    const token = look.startsWith("err") ? "err" : { ink1: "ink", ink2: "ink-2", ink3: "ink-3", target: "ink-3" }[look] ?? look;
    return style.getPropertyValue(`--${token}`).trim();
  };

  const place = ({ plot, head, ahead }: Chart) => {
    const [now, known] = present;
    const width = plot.over.clientWidth;
    const x = Math.min(Math.max(plot.valToPos(now, "x"), 0), width);
    const end = Math.min(Math.max(plot.valToPos(known, "x"), 0), width);
    head.style.transform = `translateX(${x - 1}px)`;
    head.hidden = now < span[0] || now > span[1];
    ahead.style.left = `${x}px`;
    ahead.style.width = `${Math.max(end - x, 0)}px`;
  };

  const make = (panel: Panel, shape: string): Chart => {
    const axis = {
      stroke: () => colour("ink3"),
      grid: { stroke: () => colour("grid"), width: 1 },
      ticks: { show: false },
      font: `11px ${getComputedStyle(page).fontFamily}`,
      gap: 4,
    };
    const plot = new uPlot(
      {
        width: Math.max(panel.parent.clientWidth, 60),
        height: Math.max(panel.parent.clientHeight, 60),
        legend: { show: false },
        padding: [6, 18, 0, 0],
        scales: {
          x: { time: false, range: () => span },
          y: { range: (_, __, most) => [0, most > 0 ? most * 1.08 : 1] },
        },
        axes: [
          { ...axis, size: 18, space: 48, values: (_, splits) => splits.map(clock) },
          { ...axis, size: AXIS, space: 22, values: (_, splits) => splits.map(short) },
        ],
        cursor: {
          sync: { key: sync.key, setSeries: false },
          drag: { x: false, y: false, setScale: false },
          y: false,
          points: { size: 6 },
        },
        series: [
          {},
          ...panel.lines.map(({ look }) => ({
            stroke: () => colour(look),
            width: look === "target" ? 1.25 : 1.5,
            dash: DASHES[look],
            points: { show: false },
            spanGaps: false,
            paths: panel.stepped ? uPlot.paths.stepped!({ align: 1 }) : uPlot.paths.linear!(),
          })),
        ],
        hooks: {
          setCursor: [
            (plot) => {
              // Each of the charts hears of it; one tells.
              if (plot !== charts[0]?.plot) return;
              const left = plot.cursor.left ?? -1;
              options.pointed(left >= 0 ? plot.posToVal(left, "x") : undefined);
            },
          ],
        },
      },
      aligned(panel),
      panel.parent,
    );
    const over = plot.over;
    const ahead = over.appendChild(document.createElement("div"));
    ahead.className = "chart-ahead";
    const head = over.appendChild(document.createElement("div"));
    head.className = "chart-head";
    const drag = (event: PointerEvent) => {
      const at = plot.posToVal(event.clientX - over.getBoundingClientRect().left, "x");
      options.dragged(Math.max(at, 0));
    };
    over.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      over.setPointerCapture(event.pointerId);
      drag(event);
    });
    over.addEventListener("pointermove", (event) => {
      if (over.hasPointerCapture(event.pointerId)) drag(event);
    });
    return { plot, parent: panel.parent, shape, head, ahead };
  };

  const drop = ({ plot }: Chart) => {
    sync.unsub(plot);
    plot.destroy();
  };

  const resize = new ResizeObserver(() => {
    for (const { plot, parent } of charts) {
      const size = { width: Math.max(parent.clientWidth, 60), height: Math.max(parent.clientHeight, 60) };
      if (size.width !== plot.width || size.height !== plot.height) plot.setSize(size);
    }
    charts.forEach(place);
  });
  resize.observe(page);
  // Another theme: the same lines in other colours.
  const theme = new MutationObserver(() => charts.forEach(({ plot }) => plot.redraw(false, true)));
  const themed = page.closest("[data-theme]");
  if (themed) theme.observe(themed, { attributeFilter: ["data-theme"] });

  const draw = () => {
    const before = charts;
    charts = shown.map((panel, index) => {
      const shape = JSON.stringify([panel.stepped, panel.lines.map(({ look }) => look)]);
      const same = before[index];
      if (same && same.shape === shape && same.parent === panel.parent) {
        same.plot.setData(aligned(panel), false);
        same.plot.setScale("x", { min: span[0], max: span[1] });
        return same;
      }
      if (same) drop(same);
      return make(panel, shape);
    });
    before.slice(charts.length).forEach(drop);
    charts.forEach(place);
  };

  return {
    show(panels, from, until) {
      shown = panels;
      span = [from, until];
      draw();
    },
    at(now, known) {
      present = [now, known];
      charts.forEach(place);
    },
    destroy() {
      resize.disconnect();
      theme.disconnect();
      charts.forEach(drop);
      charts = [];
      sheet.remove();
    },
  };
}

const aligned = (panel: Panel) => [panel.times, ...panel.lines.map(({ values }) => values)] as uPlot.AlignedData;

/** `5:30` from a minute on. */
function clock(seconds: number): string {
  const whole = Math.round(seconds * 10) / 10;
  if (whole < 60) return `${whole}`;
  const rest = Math.round(whole % 60);
  return `${Math.floor(whole / 60)}:${String(rest).padStart(2, "0")}`;
}

/** `1.5k` */
function short(value: number): string {
  if (value >= 1e6) return `${+(value / 1e6).toFixed(2)}M`;
  if (value >= 1e4) return `${+(value / 1e3).toFixed(1)}k`;
  return `${+value.toFixed(2)}`;
}
