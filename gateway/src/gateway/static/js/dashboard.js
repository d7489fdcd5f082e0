// Sales: columns over months, bars with the largest on top.
function salesOption(data, colours) {
  const isColumn = data.kind === "column";
  const yuan = (value) => `¥${value.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
  const short = (value) => {
    if (value < data.largeSize) return value.toLocaleString("en", { maximumFractionDigits: 0 });
    const large = value / data.largeSize;
    return `${large.toLocaleString("en", { maximumFractionDigits: large < 10 ? 1 : 0 })} ${data.large}`;
  };
  const names = {
    type: "category",
    data: data.labels,
    inverse: !isColumn,
    axisLine: { lineStyle: { color: colours.line } },
    axisTick: { show: false },
    axisLabel: { color: isColumn ? colours["ink-soft"] : colours.ink, fontSize: 12, width: 130, overflow: "truncate" },
  };
  const values = {
    type: "value",
    splitNumber: 4,
    splitLine: { lineStyle: { color: colours.line } },
    axisLabel: { color: colours["ink-soft"], fontSize: 11, formatter: short, hideOverlap: true },
  };
  return {
    grid: { left: 8, right: isColumn ? 12 : 56, top: 16, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    tooltip: {
      trigger: "item",
      formatter: (item) => `${item.name}\n${yuan(item.value)}\n${data.shares[item.dataIndex]}`,
    },
    xAxis: isColumn ? names : values,
    yAxis: isColumn ? values : names,
    series: [
      {
        type: "bar",
        data: data.values,
        barMaxWidth: isColumn ? 44 : 20,
        itemStyle: { color: colours.leaf, borderRadius: isColumn ? [4, 4, 0, 0] : [0, 4, 4, 0] },
        emphasis: { itemStyle: { color: colours.persimmon } },
        label: {
          show: true,
          position: isColumn ? "top" : "right",
          color: colours["ink-soft"],
          fontSize: 11,
          formatter: (item) => short(item.value),
        },
      },
    ],
  };
}

for (const figure of document.querySelectorAll("[data-chart=sales]")) drawChart(figure, salesOption);

// A changed choice is asked for at once; without this file the button does it.
for (const form of document.querySelectorAll("form[data-submit-on-change]")) {
  form.addEventListener("change", () => form.requestSubmit());
}
