"use strict";
(async () => {
  const packed = document.getElementById("library").textContent.trim();
  const charts = JSON.parse(document.getElementById("figures").textContent);
  const boxes = charts.map((chart) => document.getElementById(chart.name));
  const give_up = (why) => boxes.forEach((box) => { box.style.minHeight = "0"; box.textContent = why; });
  if (!packed) {
    give_up("No chart: the Python package plotly was not installed where this page was made.");
    return;
  }
  try {
    const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
    const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script");
    script.textContent = await new Response(plain).text();
    document.head.append(script);
  } catch (error) {
    give_up("No chart: this browser cannot unpack the chart library.");
    return;
  }
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const draw = () => {
    const style = getComputedStyle(document.documentElement);
    const palette = (name) => style.getPropertyValue("--" + name).trim();
    const names = /^(series-\d|bad|warn|good)$/;
    const coloured = (value) => {
      if (Array.isArray(value)) return value.map(coloured);
      if (value && typeof value === "object")
        return Object.fromEntries(Object.entries(value).map(([key, item]) =>
          [key, key === "color" && names.test(item) ? palette(item) : coloured(item)]));
      return value;
    };
    const axis = { gridcolor: palette("line"), zerolinecolor: palette("line") };
    charts.forEach((chart, index) => {
      const layout = coloured(chart.layout);
      Plotly.react(boxes[index], coloured(chart.data), {
        ...layout,
        xaxis: { ...axis, ...layout.xaxis },
        yaxis: { ...axis, ...layout.yaxis },
        font: { color: palette("ink"), family: "system-ui, sans-serif", size: 12 },
        paper_bgcolor: "rgba(0,0,0,0)",
        plot_bgcolor: "rgba(0,0,0,0)",
        margin: { l: 100, r: 20, t: 44, b: 70 },
        legend: { orientation: "h", yref: "container", y: 0, yanchor: "bottom" },
      }, { responsive: true, displaylogo: false, displayModeBar: false });
    });
    document.documentElement.dataset.drawn = String(charts.length);
  };
  draw();
  dark.addEventListener("change", draw);
})();
