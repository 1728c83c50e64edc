/* A trend as SVG: area and line, the target as a dashed line, the filling bucket as a hollow dot. */
(function () {
  "use strict";

  const SVG = "http://www.w3.org/2000/svg";
  const HEADROOM = 1.06;
  const INSET = 7;

  function element(name, attributes) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) {
      made.setAttribute(key, value);
    }
    return made;
  }

  /* Cut the points where there is nothing to read: a gap is no line down to zero. */
  function runs(points) {
    const found = [];
    let run = [];
    points.forEach((value, index) => {
      if (value === null) {
        run = [];
        return;
      }
      if (run.length === 0) {
        found.push(run);
      }
      run.push([index, value]);
    });
    return found;
  }

  function scales(trend, width, height) {
    const readable = trend.points.filter((value) => value !== null);
    const top = Math.max(...readable, trend.target || 0, Number.MIN_VALUE) * HEADROOM;
    const step = (width - 2 * INSET) / Math.max(1, trend.points.length - 1);
    return {
      x: (index) => INSET + index * step,
      y: (value) => height - INSET - (value / top) * (height - 2 * INSET),
    };
  }

  function path(run, scale) {
    return run
      .map(([index, value], at) => {
        const command = at === 0 ? "M" : "L";
        return command + scale.x(index).toFixed(1) + " " + scale.y(value).toFixed(1);
      })
      .join("");
  }

  function drawRun(svg, run, scale, floor) {
    if (run.length === 1) {
      const [index, value] = run[0];
      svg.append(
        element("circle", { class: "lone", cx: scale.x(index), cy: scale.y(value), r: 2.5 }),
      );
      return;
    }
    const line = path(run, scale);
    const first = scale.x(run[0][0]).toFixed(1);
    const last = scale.x(run[run.length - 1][0]).toFixed(1);
    svg.append(element("path", { class: "area", d: `${line}L${last} ${floor}L${first} ${floor}Z` }));
    svg.append(element("path", { class: "line", d: line }));
  }

  function drawEnd(svg, trend, scale) {
    const end = trend.points.length - 1;
    const value = trend.points[end];
    if (value === null) {
      return;
    }
    const before = trend.points[end - 1];
    if (trend.partial && before !== null && before !== undefined) {
      svg.append(
        element("path", {
          class: "filling",
          d: path(
            [
              [end - 1, before],
              [end, value],
            ],
            scale,
          ),
        }),
      );
    }
    svg.append(
      element("circle", {
        class: trend.partial ? "end partial" : "end",
        cx: scale.x(end),
        cy: scale.y(value),
        r: 5,
      }),
    );
  }

  function draw(container, trend) {
    const width = container.clientWidth;
    const height = container.clientHeight;
    const drawn = JSON.stringify([trend, width, height]);
    if (container.drawn === drawn) {
      return;
    }
    container.drawn = drawn;
    container.replaceChildren();
    if (trend === null || width === 0 || trend.points.every((value) => value === null)) {
      return;
    }
    const svg = element("svg", { width, height, viewBox: `0 0 ${width} ${height}` });
    const scale = scales(trend, width, height);
    const floor = scale.y(0);
    svg.append(element("path", { class: "floor", d: `M0 ${floor}H${width}` }));
    const solid = trend.partial ? [...trend.points.slice(0, -1), null] : trend.points;
    for (const run of runs(solid)) {
      drawRun(svg, run, scale, floor);
    }
    if (trend.target !== null) {
      const y = scale.y(trend.target).toFixed(1);
      svg.append(element("path", { class: "target", d: `M0 ${y}H${width}` }));
    }
    drawEnd(svg, trend, scale);
    container.append(svg);
  }

  window.careline = Object.assign(window.careline || {}, { sparkline: draw });
})();
