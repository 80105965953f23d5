// Draws the charts of a page with Vega, without evaluating any code; the pictures it replaces show the same.
"use strict";

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const themes = JSON.parse(document.getElementById("themes").textContent);

async function draw(chart) {
  const plot = chart.querySelector(".plot");
  const spec = JSON.parse(chart.querySelector(".spec").textContent);
  plot.hidden = false;
  plot.setAttribute("role", "img");
  plot.setAttribute("aria-label", spec.description);
  delete spec.description;
  await window.vegaEmbed(plot, { ...spec, width: "container" }, {
    ast: true, // the policy of the page allows no eval
    actions: false,
    config: themes[dark.matches ? "dark" : "light"],
    defaultStyle: false,
    logLevel: 1, // errors
    mode: "vega-lite",
    renderer: "canvas",
    tooltip: { disableDefaultStyle: true },
  });
  chart.dataset.drawn = "yes";
}

function drawAll() {
  for (const chart of document.querySelectorAll(".chart")) {
    draw(chart).catch(() => {
      chart.querySelector(".plot").hidden = true; // the picture stays
    });
  }
}

dark.addEventListener("change", drawAll);
drawAll();
