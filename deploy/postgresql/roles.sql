-- Roles of the register on PostgreSQL: one that owns the tables, one for each process.
--
-- As a superuser, connected to the register's database:   psql -d rights -f roles.sql
-- Then set the passwords (\password rights_web …), run `rights migrate` as rights_owner, and run
-- this file again: it grants on the tables that are there by then. Run it after every migration.
--
-- What the database enforces beside the code: the web, which faces the internet, cannot read plans,
-- steps, frozen keys, denials that wait for a second person, staff, or how they sign in; the console
-- cannot read what work is done with, nor whatever lets a person or a product in; nobody but the
-- owner changes an entry of the audit trail, and only the relay, which purges what is over, removes
-- one.

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['rights_owner', 'rights_web', 'rights_console', 'rights_worker', 'rights_relay'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', name);
        END IF;
    END LOOP;
    EXECUTE format('GRANT CONNECT ON DATABASE %I'
                   ' TO rights_owner, rights_web, rights_console, rights_worker, rights_relay',
                   current_database());
END $$;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO rights_owner;
GRANT USAGE ON SCHEMA public TO rights_web, rights_console, rights_worker, rights_relay;

-- Before the first migration there is nothing to grant on.
SELECT to_regclass('public.entry') IS NULL AS empty \gset
\if :empty
\echo 'roles made; now run: rights migrate, as rights_owner, and this file once more'
\quit
\endif

REVOKE ALL ON ALL TABLES IN SCHEMA public
    FROM rights_web, rights_console, rights_worker, rights_relay;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public
    TO rights_web, rights_console, rights_worker, rights_relay;

-- How far the register's clock is believed: written by the relay, read wherever something ends by it.
GRANT SELECT ON clock_mark TO rights_web, rights_console, rights_worker;

-- Web: takes requests in, shows where they stand, gives packages out.
GRANT SELECT, INSERT, UPDATE ON
    request, bundle, identifier, sealed_note, challenge, nonce, consent, preference, "grant",
    notice, outbox, lookup, idempotency, webhook_subscription, webhook_delivery, day_chain
    TO rights_web;
GRANT SELECT, INSERT, UPDATE ON representation, representative_contact, evidence TO rights_web;
GRANT SELECT, INSERT ON arrangement TO rights_web;
-- What is disputed is marked as soon as it is accepted; what is claimed is not read here.
GRANT SELECT (request_id, collection, field, settled, since), INSERT ON disputed_value TO rights_web;
GRANT SELECT, INSERT, UPDATE, DELETE ON portal_session TO rights_web;
GRANT SELECT, INSERT, UPDATE, DELETE ON tag_kept_away, tag_said TO rights_web;
GRANT SELECT, INSERT, UPDATE ON warning_due, contact_warning TO rights_web;
GRANT SELECT, INSERT ON aftercare TO rights_web;
-- Messages, appeals and complaints: the web takes and shows them, staff act with the console's role
-- or the relay's, and no worker, whose connectors reach the stores, reads any of it.
GRANT SELECT, INSERT ON writing, appeal TO rights_web;
GRANT SELECT, INSERT, UPDATE ON complaint TO rights_web;
-- What people are asked for: the web notes that it was answered, a worker asks for what a plan lacks.
GRANT SELECT, UPDATE ON asked_point TO rights_web;
GRANT SELECT, INSERT ON asked_point TO rights_worker;
-- The time of a request: what people answer ends a pause of its clock, and so does whatever closes it.
GRANT SELECT, UPDATE ON clock_pause, extension TO rights_web;
GRANT SELECT, UPDATE ON clock_pause TO rights_worker;
GRANT SELECT, INSERT, DELETE ON sign_in, network_identity_visit TO rights_web;
GRANT SELECT, INSERT, UPDATE, DELETE ON person_key, key_challenge TO rights_web;
GRANT SELECT, INSERT ON key_proof, key_letter TO rights_web;
GRANT DELETE ON idempotency TO rights_web;
GRANT SELECT, INSERT ON entry, proof_try TO rights_web;
GRANT SELECT, UPDATE ON package, backend_key TO rights_web;
GRANT SELECT ON
    backend, sign_in_provider, network_identity_bridge, receipt, receipt_opening, store_status, suppression, proof,
    proof_demand
    TO rights_web;
-- Reports that the relay made for products: read here, never worked out.
GRANT SELECT ON published_report TO rights_web;
-- Reports, and evidence for an audit: asked for by these two, made and signed by the relay.
GRANT SELECT, INSERT ON asked_report TO rights_web, rights_console;

-- Console: shows staff where everything stands, and writes down what they decide. Where an act
-- changes a row, it changes the columns that say so and no other.
GRANT SELECT, INSERT, UPDATE, DELETE ON staff_login, staff_session, staff_passkey, saved_view
    TO rights_console;
GRANT SELECT, INSERT, DELETE ON staff_invitation, assignment TO rights_console;
-- Staff who sign in at the company's provider: what they left with comes back with them.
GRANT SELECT, INSERT, DELETE ON sign_in TO rights_console;
-- What a passkey of theirs has to answer, for some minutes.
GRANT SELECT, INSERT, UPDATE, DELETE ON key_challenge TO rights_console;
-- More time, and clocks that stand still.
GRANT SELECT, INSERT, UPDATE ON extension, clock_pause TO rights_console;
-- Letters that were given up: staff told the person another way, and receipt is confirmed by that.
GRANT UPDATE (state, sent_at) ON notice TO rights_console;
GRANT SELECT, INSERT, UPDATE (stage, told_at) ON alert TO rights_console;
-- Reports count; they name requests, and nobody.
GRANT SELECT ON aftercare, held_rows, legal_hold, hold_exception, checkpoint, checkpoint_leaf, trail_check
    TO rights_console;
-- Legal holds: what one is on, and on what it rests, stays as it was placed; one person proposes to
-- release it and another one does. Rows that it kept are looked at anew after that.
GRANT INSERT,
    UPDATE (approved_by, approved_at, release_proposed_by, release_proposed_at, release_because_id,
        released_by, released_at)
    ON legal_hold TO rights_console;
GRANT UPDATE (next_at) ON held_rows TO rights_console;
-- That what a copy left out was decided on.
GRANT UPDATE (undecided) ON package TO rights_console;
GRANT SELECT, INSERT, UPDATE (roles, closed_at) ON staff TO rights_console;
GRANT SELECT ON
    backend, figures, journal, package, receipt, representation, representative_contact,
    store_gate, store_status, store_change, store_turn
    TO rights_console;
-- Who wrote a letter that staff log, where that is not the person: as the web writes it down.
GRANT INSERT ON representation, representative_contact TO rights_console;
-- The compliance calendar: what was done about a duty, and that staff were told of it.
GRANT SELECT, INSERT, UPDATE ON duty_term TO rights_console;
-- What the data map declared in a year that is over.
GRANT SELECT ON declared_map TO rights_console;
-- What is decided about a request, its plan and its steps.
GRANT SELECT, INSERT, UPDATE ON request, day_chain TO rights_console;
GRANT SELECT, INSERT ON entry, notice TO rights_console;
GRANT SELECT (id), INSERT ON outbox TO rights_console;
GRANT INSERT ON webhook_delivery TO rights_console;
-- Which events a product wants, and what its bridge is worth; not the secrets of either.
-- Of where a webhook leads the origin alone: its path may be a secret.
GRANT SELECT (id, backend_id, origin, events, created_at, closed_at) ON webhook_subscription
    TO rights_console;
-- Products: which keys there are, and an end to one; what could not be delivered, and another try.
-- Never what a key is checked with, nor what was to be delivered.
GRANT SELECT (id, backend_id, prefix, scopes, created_at, expires_at, revoked_at),
    UPDATE (revoked_at) ON backend_key TO rights_console;
GRANT SELECT
    (id, subscription_id, event_id, event, request_id, state, attempts, last_status, created_at, tried_at),
    UPDATE (state, attempts, next_at)
    ON webhook_delivery TO rights_console;
GRANT SELECT (backend_id, attests_names) ON network_identity_bridge TO rights_console;
GRANT SELECT, UPDATE (approved_by, approved_at) ON plan TO rights_console;
GRANT UPDATE (state, code, result, attempts, next_at, lease_owner, done_at, done_by)
    ON step TO rights_console;
GRANT SELECT ON step TO rights_console;
-- What is asked of the person can change what was asked: then the plan goes, with all that was
-- made for it. It is thrown away unread.
GRANT DELETE ON plan, step, package, keyring, subject_lock TO rights_console;
GRANT SELECT (request_id) ON keyring, subject_lock TO rights_console;
GRANT SELECT, INSERT, UPDATE (outcome, decided_at, decided_by) ON denial_proposal TO rights_console;
-- What is left out of a request before its plan is approved.
GRANT SELECT, INSERT, UPDATE (outcome, decided_at, decided_by, answer_id) ON part_proposal
    TO rights_console;
-- What staff let through is owed as aftercare; more of it goes into the same row.
GRANT SELECT, INSERT, UPDATE (state, round, due_at, next_at, done_at, done_by, result) ON aftercare
    TO rights_console;
-- "Technically infeasible": what is left out, under an exception that staff made.
GRANT SELECT ON hold_exception TO rights_console;
GRANT INSERT ON held_rows TO rights_console;
-- What was written, and what staff write.
GRANT SELECT, INSERT ON writing TO rights_console;
GRANT SELECT, INSERT, DELETE ON sealed_note TO rights_console;
GRANT SELECT, INSERT, UPDATE (over_at) ON asked_point TO rights_console;
GRANT SELECT, UPDATE (assigned_to, outcome, decided_at, decided_by, led_to) ON appeal
    TO rights_console;
GRANT SELECT, UPDATE (answered_at, answered_by) ON complaint TO rights_console;
-- Approvals to open a minor's content: who asked, for what and when, stays as it was asked.
GRANT SELECT, INSERT, UPDATE (approved_by, approved_at, expires_at) ON content_approval
    TO rights_console;
-- Who asks: which proofs are open to them and were given. That a code was answered, never which.
GRANT SELECT, INSERT, UPDATE (proof, proved_at) ON identifier TO rights_console;
GRANT SELECT, INSERT, UPDATE ON proof_demand TO rights_console;
GRANT SELECT ON lookup TO rights_console;
-- What a copy left out as somebody else's: a worker is asked to open it, and what staff find to be the
-- person's own is kept as a keyed hash.
GRANT INSERT ON lookup TO rights_console;
GRANT SELECT, INSERT, UPDATE (request_id, released_at) ON released_value TO rights_console;
GRANT SELECT (request_id, identifier_id, purpose, created_at, expires_at, tries, used_at), INSERT ON challenge
    TO rights_console;
-- What was tried and found right, for the page of a request: never under which hash it is counted, nor
-- in which browser.
GRANT SELECT (request_id, way, level, at, verifier) ON proof TO rights_console;
GRANT SELECT (request_id, lookup_id, way, outcome, at) ON proof_try TO rights_console;
GRANT SELECT (request_id, way, trusted, at) ON key_proof TO rights_console;
-- Documents: a verifier looks at them where the console has their place, and what is decided takes
-- their keys away. What a person arranged for the time after their death can forbid it. What came on
-- paper is put in by staff; which it is stays, and the relay takes away what they let go.
GRANT SELECT, INSERT, UPDATE (wrapped_key, destroy_at, file_id, size) ON evidence TO rights_console;
-- Documents that show that a step was done by hand: taken in, looked at, let go; what one is stays.
GRANT SELECT, INSERT, UPDATE (wrapped_key, file_id, size, sha256, kept_at, destroy_at)
    ON task_document TO rights_console;
GRANT UPDATE (method, result, verifier, decided_at, decision_hash) ON representation
    TO rights_console;
GRANT SELECT ON arrangement TO rights_console;
-- An appeal that is upheld begins the request anew, with what it means at once.
GRANT SELECT, INSERT, UPDATE ON preference, warning_due TO rights_console;
GRANT SELECT, INSERT ON consent TO rights_console;
GRANT SELECT, INSERT, UPDATE, DELETE ON tag_kept_away, tag_said TO rights_console;
-- Security incidents: opened, raised, answered, narrowed, told of and closed; what happened stays.
GRANT SELECT, INSERT,
    UPDATE (severity, minors, touched_from, touched_to, by_kind, by_id, key_id, subjects, closed_at, closed_by)
    ON security_incident TO rights_console;
GRANT SELECT, INSERT, UPDATE (answered_at, answered_by, reference, reason_id) ON incident_clock TO rights_console;
GRANT SELECT, INSERT ON incident_letter TO rights_console;
GRANT SELECT ON incident_told TO rights_console;
-- Whom one touched: that there were documents, and when.
GRANT SELECT (id, uploaded_at) ON evidence TO rights_console;
-- Settings that staff change while everything runs: read by all, changed in the console.
GRANT SELECT ON setting_value TO rights_web, rights_worker;
GRANT SELECT, INSERT, UPDATE (value, changed_by, agreed_by, changed_at) ON setting_value
    TO rights_console;
GRANT SELECT, INSERT, UPDATE (outcome, decided_at, decided_by) ON setting_proposal, ask_proposal
    TO rights_console;
-- Whether the register is migrated as far as a process needs it.
GRANT SELECT ON alembic_version TO rights_web, rights_worker, rights_console;

-- Worker: does the work and writes down what was done.
GRANT SELECT, INSERT, UPDATE ON
    request, outbox, plan, step, keyring, journal, subject_lock, lookup, package, notice,
    webhook_delivery, preference, store_status, day_chain
    TO rights_worker;
GRANT DELETE ON plan, step, keyring, package, subject_lock TO rights_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON disputed_value, correction_guard TO rights_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON
    aftercare, capsule, suppression, held_rows, escrow_key
    TO rights_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON store_gate, store_turn, store_schema, store_change
    TO rights_worker;
GRANT SELECT, INSERT, UPDATE ON warning_due, contact_warning TO rights_worker;
GRANT UPDATE (on_file, changed_at) ON identifier TO rights_worker;
-- A restriction that ended or was called off is lifted by a request of its own.
GRANT INSERT ON identifier TO rights_worker;
-- That a denial waits for a second person and since when; not why, nor by whom.
GRANT SELECT (request_id, proposed_at, outcome) ON denial_proposal TO rights_worker;
-- What was left out by two people, and with which reason: the plan is made without it.
GRANT SELECT (request_id, parts, outcome) ON part_proposal TO rights_worker;
-- Proofs: that a code was answered, never which; the word that a look-up's answer is there.
GRANT SELECT (request_id, identifier_id, purpose, used_at), INSERT ON challenge TO rights_worker;
GRANT SELECT ON key_proof TO rights_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON tag_kept_away, tag_said TO rights_worker;
GRANT INSERT ON consent TO rights_worker;
GRANT SELECT, DELETE ON released_value TO rights_worker;
GRANT SELECT, DELETE ON person_key TO rights_worker;
GRANT SELECT, INSERT ON receipt_opening TO rights_worker;
GRANT SELECT ON hold_approval, legal_hold, hold_exception TO rights_worker;
GRANT SELECT, INSERT ON entry, receipt, sealed_note TO rights_worker;
GRANT SELECT, INSERT, UPDATE ON proof TO rights_worker;
GRANT SELECT, UPDATE ON proof_try TO rights_worker;
GRANT SELECT ON
    identifier, representation, representative_contact, arrangement,
    webhook_subscription, backend, consent, network_identity_bridge
    TO rights_worker;

-- Relay: rings, mails, delivers, signs checkpoints, counts the console's figures, makes reports for products, and forgets what
-- is over, sessions of staff too. Staff on the command line act with this role.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO rights_relay;
REVOKE UPDATE ON entry, receipt, checkpoint FROM rights_relay;
-- Approvals to open a minor's content: nobody but staff sees them, and what was asked stays, as above.
REVOKE UPDATE ON content_approval FROM rights_relay;
GRANT UPDATE (approved_by, approved_at, expires_at) ON content_approval TO rights_relay;
