// How the page is built: hashed assets under /ui/ml/, each with its gzip, no inline script, charts in their own chunk.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const gateway = process.env["SHIRUSHI_URL"] ?? "http://127.0.0.1:8000";

/** The gateway sends `NAME.gz` as it lies there: compressed once, at the best level. */
function packed(): Plugin {
  let folder = "";
  return {
    name: "packed",
    apply: "build",
    configResolved: (config) => {
      folder = join(config.root, config.build.outDir, "assets");
    },
    closeBundle: () => {
      for (const name of readdirSync(folder).filter((each) => /\.(js|css|svg)$/.test(each))) {
        const path = join(folder, name);
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  base: "/ui/ml/",
  plugins: [react(), packed()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 800,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: "tslib", test: /node_modules[\\/]tslib[\\/]/, priority: 2 }, // else it drags the charts into the first load
            { name: "charts", test: /node_modules[\\/](echarts|zrender)[\\/]/, priority: 1 },
          ],
        },
      },
    },
  },
  server: { proxy: { "/api": { target: gateway, ws: true } } },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
});
