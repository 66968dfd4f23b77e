import { useMutation } from "@connectrpc/connect-query";
import { useRef } from "react";
import { OrderService } from "#gen/shop/order/v1/order_service_pb.js";
import { sentenceOf } from "../lib/errors.ts";
import { Notice } from "./notice.tsx";
import "./cancel-order.css";

/** Cancels an order, after asking. */
export function CancelOrder({ orderId, onDone }: { readonly orderId: string; readonly onDone: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const cancel = useMutation(OrderService.method.cancelOrder, {
    onSuccess() {
      dialog.current?.close();
      onDone();
    },
    // What the page shows is older than the answer.
    onError: onDone,
  });
  return (
    <>
      <button type="button" className="button" data-look="quiet" onClick={() => dialog.current?.showModal()}>
        Cancel order
      </button>
      <dialog ref={dialog} className="dialog" aria-labelledby="cancel-title" onClose={() => cancel.reset()}>
        <h2 id="cancel-title">Cancel this order?</h2>
        <p className="soft">Nothing will be sent, and what you paid goes back to your card. This cannot be undone.</p>
        {cancel.error && <Notice tone="bad">{sentenceOf(cancel.error)}</Notice>}
        <div className="dialog-actions">
          <button type="button" className="button" data-look="quiet" onClick={() => dialog.current?.close()}>
            Keep it
          </button>
          <button
            type="button"
            className="button"
            data-look="danger"
            disabled={cancel.isPending}
            onClick={() => cancel.mutate({ orderId })}
          >
            {cancel.isPending ? "Cancelling…" : "Yes, cancel it"}
          </button>
        </div>
      </dialog>
    </>
  );
}
