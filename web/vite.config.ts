import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { lazyRules } from "./lazy-rules.ts";

const SHOP = "http://localhost:8080";
/** Browsers that know light-dark(), nesting and container queries, so that the styles ship as they are written. */
const BROWSERS = ["chrome123", "edge123", "firefox121", "safari17.5"];

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), lazyRules()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: BROWSERS,
    cssTarget: BROWSERS,
    // The content security policy allows no data: scripts or fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            // Libraries change seldom, so browsers keep them across releases; icons are too small for a file each.
            { name: "react", test: /node_modules\/(react|react-dom|scheduler)\//, priority: 2 },
            { name: "icons", test: /node_modules\/lucide-react\//, priority: 2 },
          ],
        },
      },
    },
  },
  server: {
    // `npm start` runs the shop; the development server only adds the web app.
    proxy: { "^/shop\\.": SHOP, "/images": SHOP },
  },
});
