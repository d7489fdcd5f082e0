// A parcel's temperature: a band from lowest to highest, the mean, the required range, excursions and holes.
function temperatureOption(data, colours) {
  const { points, words } = data;
  const column = (place) => points.map((point) => [point[0], point[place]]);
  const values = points.flatMap((point) => [point[1], point[3]]).filter((value) => value !== null);
  const edges = [...values, data.low, data.high].filter((value) => value !== null);
  const lowest = Math.floor(Math.min(...edges) - 1);
  const highest = Math.ceil(Math.max(...edges) + 1);
  const area = (from, to, colour) => [
    { xAxis: from, itemStyle: { color: colour } },
    { xAxis: to },
  ];
  const limit = (value) => ({
    yAxis: value,
    label: { formatter: `${value} ${words.unit}`, color: colours.leaf, fontSize: 11, position: "insideEndTop" },
  });
  const range = [
    { yAxis: data.low ?? lowest, itemStyle: { color: faded(colours.leaf, 0.08) } },
    { yAxis: data.high ?? highest },
  ];
  return {
    grid: { left: 44, right: 16, top: 36, bottom: 28 },
    legend: {
      top: 0,
      left: 0,
      itemWidth: 18,
      itemHeight: 8,
      textStyle: { color: colours["ink-soft"], fontSize: 12 },
      data: [{ name: words.mean, icon: "roundRect" }, { name: words.band, icon: "roundRect" }],
    },
    tooltip: {
      trigger: "axis",
      formatter: (items) => {
        const point = points[items[0].dataIndex];
        const time = point[0].slice(5, 16).replace("T", " ");
        if (point[2] === null) return `${time}\n${words.gap}`;
        return `${time}\n${words.mean} ${point[2].toFixed(1)}\n${point[1].toFixed(1)} – ${point[3].toFixed(1)} ${words.unit}`;
      },
    },
    xAxis: {
      type: "time",
      axisLine: { lineStyle: { color: colours.line } },
      axisTick: { show: false },
      axisLabel: { color: colours["ink-soft"], fontSize: 11, hideOverlap: true },
    },
    yAxis: {
      type: "value",
      min: lowest,
      max: highest,
      minInterval: 1,
      splitLine: { lineStyle: { color: colours.line } },
      axisLabel: { color: colours["ink-soft"], fontSize: 11 },
    },
    series: [
      {
        name: "low",
        type: "line",
        data: column(1),
        stack: "band",
        stackStrategy: "all",
        symbol: "none",
        lineStyle: { opacity: 0 },
        silent: true,
      },
      {
        name: words.band,
        type: "line",
        data: points.map((point) => [point[0], point[1] === null ? null : point[3] - point[1]]),
        stack: "band",
        stackStrategy: "all",
        symbol: "none",
        lineStyle: { opacity: 0 },
        areaStyle: { color: faded(colours.leaf, 0.28) },
        itemStyle: { color: faded(colours.leaf, 0.35) },
        silent: true,
      },
      {
        name: words.mean,
        type: "line",
        data: column(2),
        symbol: "none",
        lineStyle: { color: colours.leaf, width: 2 },
        itemStyle: { color: colours.leaf },
        markArea: {
          silent: true,
          label: { show: false },
          data: [
            range,
            ...data.excursions.map(([from, to]) => area(from, to, faded(colours.persimmon, 0.22))),
            ...data.gaps.map(([from, to]) => area(from, to, faded(colours["ink-soft"], 0.18))),
          ],
        },
        markLine: {
          silent: true,
          symbol: "none",
          lineStyle: { color: colours.leaf, type: "dashed", width: 1 },
          data: [data.low, data.high].filter((value) => value !== null).map(limit),
        },
      },
    ],
  };
}

for (const figure of document.querySelectorAll("[data-chart=temperature]")) drawChart(figure, temperatureOption);
