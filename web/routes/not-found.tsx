import { Link } from "@tanstack/react-router";
import { Compass } from "lucide-react";
import { Empty } from "../components/states.tsx";
import { useTitle } from "../lib/title.ts";

/** The page for addresses that lead nowhere. */
export function NotFound() {
  useTitle("Page not found");
  return (
    <div className="page">
      <Empty icon={Compass} title="There is no page here">
        <p className="soft">The address may have a typing error, or what stood here is gone.</p>
        <Link to="/products" className="button">
          Look around the shop
        </Link>
      </Empty>
    </div>
  );
}
