import { timestampDate } from "@bufbuild/protobuf/wkt";
import { useMutation } from "@connectrpc/connect-query";
import { useMutation as useTask } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { LogOut, PackageSearch } from "lucide-react";
import { type FormEvent, useRef } from "react";
import type { User } from "#gen/shop/auth/v1/user_pb.js";
import { UpdateProfileRequestSchema, UserService } from "#gen/shop/auth/v1/user_service_pb.js";
import { AccountOnly } from "../components/account-only.tsx";
import { TextField } from "../components/field.tsx";
import { Notice } from "../components/notice.tsx";
import { useToast } from "../components/toaster.tsx";
import { focusFirstError, useContractForm } from "../lib/contract-form.ts";
import { problemOf, sentenceOf } from "../lib/errors.ts";
import { useSession, useSessionState } from "../lib/session-context.tsx";
import { useTitle } from "../lib/title.ts";
import "./profile.css";

/** Who somebody is to the shop. */
export function View() {
  useTitle("Profile");
  const { user } = useSessionState();
  return <AccountOnly>{user && <Profile key={user.etag} user={user} />}</AccountOnly>;
}

function Profile({ user }: { readonly user: User }) {
  const since = user.createTime && timestampDate(user.createTime).getFullYear();
  return (
    <div className="page profile">
      <header className="page-head">
        <h1>Hello, {user.displayName}</h1>
        <p className="soft">
          {user.email}
          {since && ` · with us since ${since}`}
        </p>
      </header>
      <section className="panel" aria-labelledby="profile-name">
        <h2 id="profile-name">What we call you</h2>
        <NameForm user={user} />
      </section>
      <section className="panel profile-ways" aria-label="Account">
        <Link to="/orders" className="button" data-look="quiet">
          <PackageSearch aria-hidden size={18} /> Your orders
        </Link>
        <SignOut />
      </section>
    </div>
  );
}

function NameForm({ user }: { readonly user: User }) {
  const session = useSession();
  const toast = useToast();
  const element = useRef<HTMLFormElement>(null);
  const update = useMutation(UserService.method.updateProfile);
  const form = useContractForm(UpdateProfileRequestSchema, {
    initial: { displayName: user.displayName },
    // The etag notices a change made somewhere else meanwhile.
    toMessage: ({ displayName }) => ({
      displayName: displayName.trim(),
      etag: user.etag,
      updateMask: { paths: [UpdateProfileRequestSchema.field.displayName.name] },
    }),
  });

  async function onSubmit(event: FormEvent) {
    event.preventDefault();
    const message = await form.validate();
    if (!message) return focusFirstError(element.current);
    update.mutate(message, {
      onSuccess({ user: changed }) {
        if (changed) session.update(changed);
        toast({ text: "Your name is saved.", tone: "good" });
      },
      onError: (error) => form.refuse(problemOf(error)),
    });
  }

  return (
    <form className="form" ref={element} onSubmit={(event) => void onSubmit(event)} noValidate>
      {update.error && <Notice tone="bad">{sentenceOf(update.error)}</Notice>}
      <TextField label="Name" autoComplete="name" {...form.field("displayName")} />
      <div>
        <button
          type="submit"
          className="button"
          disabled={update.isPending || form.values.displayName.trim() === user.displayName}
        >
          Save
        </button>
      </div>
    </form>
  );
}

function SignOut() {
  const session = useSession();
  const navigate = useNavigate();
  const toast = useToast();
  const signOut = useTask({
    mutationFn: async () => {
      await navigate({ to: "/" });
      await session.signOut();
    },
    onError: (error) => toast({ text: sentenceOf(error), tone: "bad" }),
  });
  return (
    <button
      type="button"
      className="button"
      data-look="quiet"
      disabled={signOut.isPending}
      onClick={() => signOut.mutate()}
    >
      <LogOut aria-hidden size={18} /> Sign out
    </button>
  );
}
