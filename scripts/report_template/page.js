// What a report does in the browser: plots in place of drawings, colours of the page, folding code.
(() => {
  "use strict";
  const figures = JSON.parse(document.getElementById("rd-figures").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");

  /** The figure's layout in the page's colours; its heading stands in the page. */
  function themed({ data, layout }, width) {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const result = structuredClone(layout);
    const entries = layout.showlegend
      ? data.filter(({ name, showlegend }) => name && showlegend !== false).length
      : 0;
    // room for the legend: as many lines as the layout has foreseen, or two columns on a phone
    const foreseen = (layout.margin?.t ?? 72) - 58;
    const above = entries === 0 ? 10 : width < 480 ? 14 + 20 * Math.ceil(entries / 2) : foreseen;
    if (width < 480) {
      result.legend = {
        ...layout.legend,
        entrywidth: 0.5,
        entrywidthmode: "fraction",
        font: { size: 11 },
      };
    }
    Object.assign(result, {
      title: { text: "" },
      height: (layout.height ?? 420) - (layout.margin?.t ?? 72) + above,
      margin: { ...layout.margin, l: width < 480 ? 44 : 60, r: 12, t: above },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { ...layout.font, color: colour("--ink") },
      hoverlabel: {
        ...layout.hoverlabel,
        bgcolor: colour("--panel"),
        bordercolor: colour("--line"),
        font: { ...layout.hoverlabel?.font, color: colour("--ink") },
      },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("--axis"), activecolor: colour("--accent") },
    });
    for (const [name, axis] of Object.entries(result)) {
      if (!/^[xy]axis\d*$/.test(name)) continue;
      Object.assign(axis, {
        gridcolor: colour("--grid"),
        linecolor: colour("--axis"),
        tickcolor: colour("--axis"),
        automargin: true,
        title: { ...axis.title, text: folded(axis.title?.text ?? "", width) },
      });
    }
    return result;
  }

  /** Breaks a long axis title before its bracket where the screen is narrow. */
  function folded(title, width) {
    return width < 480 ? title.replace(/ \((?=[^()]*\)$)/, "<br>(") : title;
  }

  function draw(element) {
    const figure = figures[element.dataset.figure];
    const drawing = element.querySelector(".rd-drawing");
    if (!figure || !drawing) return;
    const plot = document.createElement("div");
    plot.className = "rd-plot";
    drawing.append(plot);
    drawing.classList.add("rd-drawn");
    const config = { ...figure.config, responsive: true, displaylogo: false };
    const redraw = () => Plotly.react(plot, figure.data, themed(figure, drawing.clientWidth), config);
    redraw().then(() => element.dataset.drawn = "true").catch((error) => {
      drawing.classList.remove("rd-drawn"); // the drawing stays
      plot.remove();
      console.error(error);
    });
    dark.addEventListener("change", redraw);
    let isNarrow = drawing.clientWidth < 480;
    addEventListener("resize", () => {
      if (isNarrow !== (isNarrow = drawing.clientWidth < 480)) redraw();
    });
  }

  /** One figure a turn, so that the page answers meanwhile. */
  function drawAll([next, ...rest]) {
    if (!next) return;
    draw(next);
    setTimeout(() => drawAll(rest));
  }

  function wireCodeButton() {
    const button = document.getElementById("rd-fold");
    const blocks = [...document.querySelectorAll(".rd-code")];
    if (!button || blocks.length === 0) return;
    button.closest(".rd-tools").hidden = false;
    const label = () => button.textContent = blocks.some(({ open }) => open) ? "Hide code" : "Show code";
    button.addEventListener("click", () => {
      const open = !blocks.some((block) => block.open);
      for (const block of blocks) block.open = open;
      label();
    });
    for (const block of blocks) block.addEventListener("toggle", label);
    label();
  }

  /** Marks the section that is read in the contents. */
  function followHeadings() {
    const links = new Map([...document.querySelectorAll(".rd-contents a")].flatMap((link) => {
      const id = link.hash.slice(1); // nbconvert writes ids as addresses write them
      const heading = document.getElementById(id) ?? document.getElementById(decodeURIComponent(id));
      return heading ? [[heading, link]] : [];
    }));
    const observer = new IntersectionObserver((entries) => {
      const seen = entries.find(({ isIntersecting }) => isIntersecting);
      if (!seen) return;
      for (const [heading, link] of links) {
        if (heading === seen.target) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      }
    }, { rootMargin: "0px 0px -70% 0px" });
    for (const heading of links.keys()) observer.observe(heading);
  }

  const contents = document.querySelector(".rd-contents details");
  if (contents && !matchMedia("(min-width: 72rem)").matches) contents.open = false;
  wireCodeButton();
  followHeadings();
  drawAll([...document.querySelectorAll("[data-figure]")]);
})();
