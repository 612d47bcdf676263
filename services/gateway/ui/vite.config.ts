// How the page is built: hashed assets under /ui/ml/, no inline script, charts in their own chunk.
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const gateway = process.env["SHIRUSHI_URL"] ?? "http://127.0.0.1:8000";

export default defineConfig({
  base: "/ui/ml/",
  plugins: [react()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 800,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [{ name: "charts", test: /node_modules[\\/](echarts|zrender)[\\/]/ }],
        },
      },
    },
  },
  server: { proxy: { "/api": { target: gateway, ws: true } } },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
});
