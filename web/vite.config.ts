import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

/** One sprite of every file in icons/, so that a page names an icon and the browser fetches one file, once. */
function iconSprite(folder: string): Plugin {
  return {
    name: "icon-sprite",
    generateBundle() {
      const symbols = readdirSync(folder)
        .filter((file) => file.endsWith(".svg"))
        .sort()
        .map((file) => {
          const svg = readFileSync(join(folder, file), "utf8");
          const drawing = svg
            .slice(svg.indexOf(">") + 1, svg.lastIndexOf("</svg>"))
            .replace(/<path stroke="none"[^>]*\/>/g, "")
            .replace(/\s*\n\s*/g, "");
          return `<symbol id="${file.slice(0, -4)}" viewBox="0 0 24 24">${drawing}</symbol>`;
        });
      const source = `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`;
      this.emitFile({ type: "asset", name: "icons.svg", originalFileName: "icons.svg", source });
    },
  };
}

/** A compressed copy beside each file: the server sends it as it is, and no request waits for compression. */
function compressedCopies(): Plugin {
  return {
    name: "compressed-copies",
    enforce: "post",
    generateBundle: {
      order: "post",
      handler(_, bundle) {
        for (const [fileName, output] of Object.entries(bundle)) {
          if (!/\.(css|js|svg)$/.test(fileName)) continue;
          const source = output.type === "chunk" ? output.code : output.source;
          this.emitFile({ type: "asset", fileName: `${fileName}.gz`, source: gzipSync(source, { level: 9 }) });
        }
      },
    },
  };
}

export default defineConfig({
  // Relative addresses inside the built files: they work under whatever STATIC_URL an installation chooses.
  base: "./",
  publicDir: false,
  build: {
    outDir: "../src/lianfang/config/static/built",
    emptyOutDir: true,
    manifest: "manifest.json",
    target: ["chrome100", "firefox104", "safari15.4"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1500,
    rollupOptions: {
      input: "src/main.ts",
      // htmx carries an eval for attributes that we neither write nor allow (allowEval is false, and so says the CSP).
      checks: { eval: false, pluginTimings: false },
    },
  },
  worker: { format: "es" },
  plugins: [iconSprite(join(import.meta.dirname, "icons")), compressedCopies()],
});
