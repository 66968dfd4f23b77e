import { getRouteApi, Link } from "@tanstack/react-router";
import { type FormEvent, useRef } from "react";
import { SignUpRequestSchema } from "#gen/shop/auth/v1/auth_service_pb.js";
import { EnterPage } from "../components/enter-page.tsx";
import { TextField } from "../components/field.tsx";
import { Notice } from "../components/notice.tsx";
import { focusFirstError, useContractForm } from "../lib/contract-form.ts";
import { useEnter } from "../lib/enter.ts";
import { problemOf } from "../lib/errors.ts";
import { useSession } from "../lib/session-context.tsx";
import { useTitle } from "../lib/title.ts";

const route = getRouteApi("/sign-up");
const HOME = "/";

/** For people without an account. */
export function View() {
  useTitle("Create an account");
  const { redirect } = route.useSearch();
  const isCheckout = redirect?.startsWith("/checkout") ?? false;
  const title = isCheckout ? "Make an account to check out" : "Create an account";
  const session = useSession();
  const enter = useEnter(session.signUp, redirect ?? HOME);
  const element = useRef<HTMLFormElement>(null);
  const form = useContractForm(SignUpRequestSchema, {
    initial: { displayName: "", email: "", password: "" },
    toMessage: ({ displayName, email, password }) => ({
      displayName: displayName.trim(),
      email: email.trim(),
      password,
    }),
    hints: { email: "Enter an address such as name@example.com." },
  });

  async function onSubmit(event: FormEvent) {
    event.preventDefault();
    const message = await form.validate();
    if (!message) return focusFirstError(element.current);
    enter.mutate(message, { onError: (error) => form.refuse(problemOf(error)) });
  }

  return (
    <EnterPage title={title} redirect={redirect ?? HOME} busy={enter.isPending || enter.isSuccess}>
      <p className="soft">
        {isCheckout && "Your cart is kept. "}To pay, to follow your orders, and to find your cart again on any device.
      </p>
      <form className="form" ref={element} onSubmit={(event) => void onSubmit(event)} noValidate>
        {enter.error && <Notice tone="bad">{problemOf(enter.error).sentence}</Notice>}
        <TextField label="Name" autoComplete="name" {...form.field("displayName")} />
        <TextField label="Email" type="email" autoComplete="email" {...form.field("email")} />
        <TextField
          label="Password"
          type="password"
          autoComplete="new-password"
          hint="At least 8 characters; a few words are better than one."
          {...form.field("password")}
        />
        <button type="submit" className="button" data-wide disabled={enter.isPending}>
          {enter.isPending ? "Creating your account…" : "Create account"}
        </button>
      </form>
      <p className="soft">
        Been here before?{" "}
        <Link to="/sign-in" search={{ redirect }}>
          Sign in
        </Link>
      </p>
    </EnterPage>
  );
}
