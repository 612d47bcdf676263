// The parts of ECharts that the page uses, and no others.
import { BarChart, HeatmapChart, LineChart, LinesChart } from "echarts/charts";
import {
  AriaComponent,
  GridComponent,
  LegendComponent,
  TooltipComponent,
  VisualMapComponent,
} from "echarts/components";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

use([
  AriaComponent,
  BarChart,
  CanvasRenderer,
  GridComponent,
  HeatmapChart,
  LegendComponent,
  LineChart,
  LinesChart,
  TooltipComponent,
  VisualMapComponent,
]);

export { init };
export type { ECharts, EChartsCoreOption } from "echarts/core";
