// What all charts share: colours from the tokens, redrawn when the mode or the size changes.
const charts = [];

function token(name) {
  // A custom property holds light-dark(); only a real property gives the colour that is meant now.
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

function palette() {
  const names = ["ink", "ink-soft", "line", "surface", "leaf", "leaf-wash", "persimmon", "clay", "clay-wash", "sunk"];
  return Object.fromEntries(names.map((name) => [name, token(`--${name}`)]));
}

function faded(colour, share) {
  const parts = colour.match(/[\d.]+/g).slice(0, 3);
  return `rgba(${parts.join(",")},${share})`;
}

function dataOf(figure) {
  return JSON.parse(document.getElementById(figure.dataset.source).textContent);
}

function drawChart(figure, optionOf) {
  const data = dataOf(figure);
  const chart = window.echarts.init(figure, null, { renderer: "svg" });
  const isStill = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const font = getComputedStyle(document.body).fontFamily;
  const draw = () => {
    const colours = palette();
    chart.setOption(
      {
        animation: !isStill,
        animationDuration: 400,
        textStyle: { fontFamily: font, color: colours.ink },
        tooltip: {
          renderMode: "richText",
          backgroundColor: colours.surface,
          borderColor: colours.line,
          textStyle: { color: colours.ink, fontSize: 12, fontFamily: font },
        },
        ...optionOf(data, colours),
      },
      true,
    );
  };
  draw();
  charts.push({ chart, draw });
  new ResizeObserver(() => chart.resize()).observe(figure);
}

window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const each of charts) each.draw();
});
