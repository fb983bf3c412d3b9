//! The manual: no code, only what one has to know.
//!
//! [The words](#the-words) · [The rules](#the-rules) · [Threat model](#threat-model) ·
//! [Helping the user](#helping-the-user) · [Moving in](#moving-in) · [What is not promised](#what-is-not-promised) ·
//! [Why each default](#why-each-default) · [Recovery codes](#recovery-codes) ·
//! [Remembered devices](#remembered-devices) · [Write your own store](#write-your-own-store) ·
//! [Telling people](#telling-people) · [Reports](#reports) · [Durability](#durability) ·
//! [The store in PostgreSQL](#the-store-in-postgresql) · [The store in etcd](#the-store-in-etcd) · [Keys](#keys) ·
//! [Operations](#operations) · [Where everything is](#where-everything-is)
//!
//! # The words
//!
//! | word | meaning |
//! | --- | --- |
//! | org | one portal (tenant) with its own policy |
//! | user | an account of an org. His [`Role`] is customer, internal or Master Admin; the host's [`Directory`] says so, anew at every call |
//! | operator | somebody at the vendor's support desk: may reset anybody, with a reason that is recorded ([`Support`]) |
//! | requirement | per org: off, on (a Master Admin opted in) or mandated (by the vendor) |
//! | by choice | where an org offers it, internal users enroll also while the requirement is off, and are asked for codes from then on ([`TwoFactor::enroll`], [`TwoFactor::withdraw`]). When it is switched on, a new epoch begins for them as for everybody |
//! | settings | what an org may choose besides: how many wrong codes, how long proofs last, who may enroll ([`Settings`]) |
//! | epoch | names the time since the requirement was last switched from off to on |
//! | generation | names a user's current trust: random bits, drawn anew with every enrollment, replacement, recovery, reset, unlock and end of trust. What was handed out earlier is bound to it |
//! | enrollment | a user's state: unenrolled, pending (a QR code is out), imported (a key of another system waits for its first code), enrolled |
//! | step | the number of the interval of time that a code belongs to |
//! | recovery code | lets its user in once, in the place of a code of the app; shown when it is drawn, and never again |
//! | grace | the days that an org may give a user to enroll, from when he is first told |
//! | invitation | what a Master Admin hands to a user whose enrollment the password alone does not open ([`TwoFactor::invite`]) |
//! | ticket | sealed, short-lived proof that the first factor was just accepted for this user |
//! | remembered device | a browser on which a user is not asked for a code, for as many days as his org allows (by default none is) |
//! | pass | proof that everything the policy asks was met; only the library can make one |
//! | stamp | a pass in a form that the host keeps in its session and has checked again at later requests |
//!
//! # The rules
//!
//! They may never be broken. Tests cite them by number, and each of those tests was seen to fail once with its rule
//! broken on purpose.
//!
//! * **R1 One code, one login.** A step of a secret is consumed at most once, whatever the number of processes,
//!   threads or retries, and across all purposes. Only later steps than the last consumed one are accepted; what is
//!   stored is the highest step that matched. A recovery code likewise: once.
//! * **R2 Every guess that is looked at counts**, durably, before its answer. N parallel guesses use N of the budget.
//!   New tickets, new steps, new passwords, restarts and other processes do not refill it. While waiting or blocked no
//!   entry point looks at a code. A right code that was used before is a guess like any other. Wrong recovery codes make
//!   a row of their own under the same ceiling, and the end of either row closes both.
//! * **R3 No counter moves without the first factor** (a ticket or a pass). So a stranger cannot lock anybody out.
//! * **R4 Fail closed.** No pass without a positive decision whose write, where the decision needs one, was
//!   acknowledged. Everything unknown is an `Err`.
//! * **R5 Customers are untouched.** No call made for a customer ever asks, enrolls or writes.
//! * **R6 Off and on means enroll again**, for everybody, in one write. A record from a later epoch than the settings
//!   at hand means that the settings are stale: they are read again, and then it is an `Err`.
//! * **R7 A reset touches one account**, ends everything bound to its generation, and its old secret never works
//!   again, not even for a login already under way.
//! * **R8 A live secret is replaced only by proof**: a current code, a recovery code just used, or a reset. Starting an enrollment never weakens
//!   or overwrites an enrolled one, and never reveals it.
//! * **R9 Secrets stay in.** They are drawn here or imported, sealed before a store sees them, shown while pending to the
//!   ticket that drew them, and once enrolled to nobody. Recovery codes are shown in the answer that drew them; what is
//!   kept is their hashes. No `Debug`, `Display`, error or event carries one, nor a code.
//! * **R10 An event for every change, in the same atomic write as the change.** Refused administrative acts leave one
//!   on the actor's own record, at most one per kind and hour.
//! * **R11 Input is text from strangers.** Exactly so many ASCII digits, spaces forgiven; a recovery code exactly so many
//!   of its characters, case, spaces and hyphens forgiven; all else is [`Refusal::Malformed`]: no write, no guess
//!   counted. The ends of time, and clocks that go backward, are survived: what claims to be issued later than now is
//!   expired, and waits are capped. (At an enrollment with seven or eight digits, six are looked at as well, and then
//!   counted.)
//! * **R12 Constant time by construction.** Codes are compared as numbers with masks, every step of the window is
//!   computed, the dynamic truncation selects without a secret index.
//! * **R13 Authority is proved.** Administrative methods take the actor's [`Pass`]; its role is read anew, and where
//!   the org asks for codes, a fresh one is wanted: at most five minutes old, unless the org's settings say otherwise.
//!
//! Where two of them meet: a *customer* who attempts something administrative is refused without a trace on his record,
//! since R5 forbids to write one. A host that wants to see such attempts logs the refusal itself.
//!
//! # Threat model
//!
//! Who is kept out: somebody who has the password; somebody who has a dump of the database (but not the keys); somebody
//! with a session that was stolen long ago; an internal user who would like to be an admin; a Master Admin who would
//! like to reach beyond his org.
//!
//! | attack | held by | a test |
//! | --- | --- | --- |
//! | a code is used again in its own step, or in the next window | R1 | `the_code_that_enrolled_does_not_log_in_again` |
//! | A, then B, then A again, within the window | R1 | `an_earlier_code_is_not_accepted_after_a_later_one` |
//! | one code for two purposes (enroll and log in, log in and step up) | R1 | `the_code_that_logged_in_does_not_step_up` |
//! | the same code sent many times at once, to several servers | R1 | `a_code_is_spent_once_by_many_racers` |
//! | a code that matches two steps is used once for each | R1 | `a_code_that_matches_two_steps_of_the_window_burns_both` |
//! | a recovery code is used twice, or by many at once | R1 | `a_recovery_code_is_spent_once_by_many_racers` |
//! | guessing at recovery codes, alone or in turns with codes of the app | R2 | `wrong_recovery_codes_count_in_a_row_of_their_own_and_block_like_others` |
//! | a recovery code as the way round a block | R2 | `a_recovery_code_is_no_way_round_a_block` |
//! | a sheet of recovery codes found after a reset, or after new ones were drawn | R7, R1 | `recovery_codes_die_with_a_reset_and_with_off_and_on`, `renewed_recovery_codes_void_the_old_ones` |
//! | a stolen sheet administers, or draws a sheet of its own | R13 | `a_recovery_code_replaces_the_lost_phone_and_administers_nothing` |
//! | guessing in parallel, faster than the counter | R2 | `parallel_guesses_use_up_the_budget_one_by_one` |
//! | a new login, a new process or a new password refills the budget | R2 | `a_changed_password_does_not_lift_a_block` |
//! | guessing at the enrollment page instead | R2 | `wrong_first_codes_count_in_the_same_row` |
//! | the connection is cut before the answer, so that the guess may not count | R2 | `a_cancelled_request_costs_at_most_the_guess` |
//! | a stranger locks the owner out | R3 | `without_a_ticket_no_counter_moves` |
//! | a forged, cut, mixed up or foreign ticket | R3 | `without_a_ticket_no_counter_moves`, `a_ticket_takes_no_other_users_code` |
//! | the store is made to fail at the right moment | R4 | `a_write_that_cannot_be_read_back_has_an_unknown_outcome` |
//! | an unreadable record, taken for "not enrolled" | R4 | `a_reset_works_when_the_record_cannot_be_opened` |
//! | a stale replica says that nothing is required yet, or an older epoch | R6 | `settings_older_than_the_record_are_an_error` |
//! | an old enrollment survives off and on | R6 | `off_and_on_again_makes_everybody_enroll_anew` |
//! | a reset that a login under way outlives | R7 | `a_reset_that_races_a_confirmation_leaves_nothing_that_it_should_have_ended` |
//! | the setup page shows a live secret, or overwrites it, from a half-authenticated session | R8 | `an_enrolled_secret_is_shown_to_nobody` |
//! | somebody else with the password sees the QR code that the user is about to confirm | R8, R9 | `reloading_the_qr_page_shows_the_same_secret_and_another_check_in_another` |
//! | a record is copied over another user's | R9 | `a_record_moved_to_another_row_does_not_open` |
//! | a ticket is offered as a stamp, or a stamp as a ticket | R9 | `without_a_ticket_no_counter_moves` |
//! | secrets or codes in logs, errors, audit trails, dumps | R9 | `no_debug_output_event_error_or_database_shows_a_secret_a_key_or_a_code` |
//! | a remembered device outlives a reset, another authenticator, a changed password, off and on | R6, R7 | `nothing_that_ends_trust_leaves_a_device_remembered` |
//! | a device is remembered while its owner is being reset | R7 | `a_reset_that_races_with_a_device_being_remembered_leaves_none` |
//! | the cookie of a remembered device is offered for another user, or as a stamp | R9 | `a_token_is_bound_to_its_user`, `a_token_opens_nothing_else` |
//! | a stolen laptop that is remembered administers | R13 | `a_device_does_not_count_as_a_fresh_code` |
//! | a remembered device is let in although the account is blocked | R2 | `a_blocked_account_is_blocked_on_every_device` |
//! | the audit trail is flooded with refusals | R10 | `refused_acts_cannot_flood_the_trail` |
//! | full-width digits, signs, ten megabytes of digits | R11 | `what_is_not_a_code_is_not_counted` |
//! | the clock is set back | R11 | `a_clock_that_is_set_back_accepts_nothing_twice_and_makes_nobody_wait_for_ever` |
//! | a stolen admin session resets its own second factor, or another user's | R13 | `administration_wants_the_role_of_now_and_a_fresh_code` |
//! | an admin who was demoted, an org that is not his | R13 | `another_orgs_user_is_out_of_reach` |
//! | a stolen admin session loosens what is asked of sessions like it | R13 | `a_change_wants_a_code_as_fresh_as_the_org_says` |
//! | the thief has a password, and enrolls first | types | `a_password_alone_enrolls_nobody_where_invitations_are_asked_for` |
//! | the thief guesses until the account is blocked, waits for the reset, and enrolls | R7 | `a_blocked_account_is_reset_with_a_new_password_or_an_invitation` |
//! | the account is unlocked first, and reset plainly then | R7 | `who_was_unlocked_is_not_reset_plainly_before_his_password_was_changed` |
//! | an invitation is guessed, used twice, by another user, or after a reset | R1, R2 | `guesses_at_an_invitation_count`, `an_invitation_is_for_one_enrollment_of_one_user_on_one_day` |
//! | logging in again and again to get new time without a code | R10 | `whoever_has_time_to_enroll_gets_in_until_it_is_over` |
//! | a stolen session takes the second factor off, where nobody requires one | R8 | `doing_without_again_takes_a_code_and_ends_every_session` |
//! | settings changed to and fro, so that old enrollments count again or budgets are refilled | R6, R2 | `other_settings_make_nobody_enroll_anew`, `a_lower_hard_stop_blocks_whoever_has_reached_it` |
//! | a refusal's hint tells a guesser a code that is right, here or on another server, or will be | R2 | `a_login_tells_no_code_that_could_be_right_yet`, `what_is_told_as_past_is_never_right_again` |
//! | an imported key lets somebody in, or is shown, before its user has proved that he has it | R4, R9 | `an_imported_key_counts_for_nothing_until_it_has_shown_a_code_and_is_shown_to_nobody` |
//! | a list of keys that is imported again brings back the authenticator that was stolen, reset or replaced | R7, R8 | `nothing_is_imported_over_what_there_is_or_was` |
//! | an import refills the budget of guesses | R2 | `wrong_codes_of_an_imported_authenticator_count` |
//! | hints are fished for beyond the budget | R2 | `hints_cost_guesses_like_all_wrong_codes` |
//! | the next step's code, accepted early, is used again in its own step | R1 | `the_next_steps_code_accepted_early_is_not_accepted_in_its_own_step` |
//! | somebody who looks over the shoulder logs in with the same code, by a ticket of his own | R1 | `a_code_is_spent_once_by_many_logins` |
//! | another spelling of the user's name has a budget of its own | R2 | `the_directorys_spelling_of_an_id_is_what_counts` |
//! | an org's limits are set so that there are none | R2 | `each_setting_is_kept_within_its_bounds` |
//! | a ticket for one purpose is used for another | R3 | `a_ticket_serves_its_own_purpose_only` |
//! | a ticket that lay about for long, or served before | R3 | `a_ticket_lasts_its_time_and_is_spent_by_a_login` |
//! | damaged settings, taken for "nothing is required" | R4 | `settings_that_cannot_be_read_let_nobody_in_who_needs_them` |
//! | a role that nobody knows, taken for a customer's | R4 | `an_unknown_role_lets_nobody_in` |
//! | a failover undoes a write that was seen already | R4 | `a_write_that_was_only_seen_has_an_unknown_outcome` |
//! | a source of randomness that fails makes secrets to guess | R4, R9 | `without_randomness_nothing_is_drawn` |
//! | a customer is locked out, asked or enrolled by way of his org | R5 | `a_customer_is_never_asked_enrolled_or_written_to` |
//! | two admins switch on at once, and one epoch's enrollments are lost | R6 | `two_admins_who_switch_on_at_once_make_one_epoch` |
//! | a ticket outlives off and on | R6 | `a_ticket_does_not_outlive_its_epoch`, `off_and_on_during_a_login_voids_it` |
//! | a stolen session outlives a changed password | R7 | `a_changed_password_ends_everything_but_the_enrollment` |
//! | a thief's session outlives the unlocking of the account he blocked | R7 | `unlocking_ends_what_was_handed_out_and_keeps_the_authenticator` |
//! | a session that is never closed | R7 | `a_stamp_lasts_its_time_and_is_not_prolonged_by_use` |
//! | whoever has only the password enrolls over a live secret | R8 | `nobody_enrolls_over_a_live_secret` |
//! | the old phone works on after it was replaced | R8 | `replacing_leaves_the_old_authenticator_working_until_the_new_one_is_confirmed` |
//! | a QR code that was photographed is confirmed days later | R8 | `a_pending_enrollment_expires` |
//! | memory that was freed, and still has a secret in it | R9 | `nothing_is_left_of_a_secret_that_codes_were_made_and_checked_with` |
//! | an account is changed, and the mail about it is lost in a crash or while the mailer is down | R10 | `what_was_written_without_an_answer_is_told`, `a_mailer_that_is_down_loses_nothing_and_keeps_nobody_else_waiting` |
//! | a slow clock or transaction hides an event behind a mailer's cursor | R10 | `while_many_enroll_at_once_nobody_is_passed_over`, `a_transaction_that_commits_late_is_told_too` |
//! | whoever hears of events panics, and with it the answer | R4 | `a_listener_that_panics_turns_no_pass_into_an_error` |
//! | a name becomes a parameter of the key URI | R11 | `a_name_cannot_become_a_parameter_a_path_or_a_fragment` |
//! | times at 0 and at the end of numbers | R11 | `the_ends_of_time_are_survived` |
//! | how long an answer takes tells how near a guess was | R12 | `nothing_branches_on_the_way_to_the_answer` |
//! | an admin of last month acts with the session of then; a promoted user with that of before | R13 | `a_session_ends_when_its_user_has_become_more_than_it_shows` |
//! | a Master Admin switches off what the vendor mandates | R13 | `what_the_vendor_mandates_no_master_admin_switches_off` |
//! | somebody's form changes what another admin has just decided | R13 | `nobody_undoes_unknowingly_what_another_has_just_done` |
//! | the host ignores an answer and lets the user in | types | [`Pass`] has no public constructor; [`Gate`] and [`Verdict`] are `must_use` |
//!
//! # Helping the user
//!
//! A refusal carries what a page may say: how many tries are left, until when none is looked at, that a code was used
//! already (the next one comes within half a minute), and a [`Hint`] where one can be given.
//! [`TwoFactor::prompt`] tells the same of tries and waits before anything is typed, and how many digits are asked for.
//!
//! | hint | when it is given | what a page says |
//! | --- | --- | --- |
//! | [`Hint::ClockBehind`] | the code is one of the last hour | "That code is 4 minutes old. If your app shows it right now, your phone's clock is behind: set it to automatic." |
//! | [`Hint::ClockAhead`] | the code is one of the next hour; at the enrollment only | "Your phone's clock is 4 minutes ahead. Set it to automatic." |
//! | [`Hint::AppShows`] | the code is the one with SHA-1 in the place of the algorithm that was asked for, or with six digits; at the enrollment only | "Please try another app." |
//!
//! *What a hint tells somebody who guesses.* At a login the search covers an hour of steps that are over: later than the
//! last consumed one, and earlier than the window by a whole step at least, so that a server whose clock is a step behind
//! does not take them either. A guess hits one of them with a chance of 120 in a million, counts like every wrong code,
//! and then has shown a code that is never taken again, of a function whose other codes do not follow from it. So the
//! chance to get in stays what it was: three in a million for each of ten guesses. If no hint comes, the code is not
//! among those 120, which is as little. Two things could bring such a code back: a clock that is set back, and a window
//! that the host widens, both within moments; neither is in a guesser's hands. Of codes to come nothing is said, and how
//! long the search takes does not depend on whether or where it finds something (R12). At an enrollment whoever types has
//! the secret on his screen, and could compute all that he is told.
//!
//! # Moving in
//!
//! Users who have an authenticator from another system go on with it. The vendor takes their keys in with
//! [`Support::import`], one call a user; [`key_list`] reads them from CSV, [`Imported`](crate::otp::Imported) from a key
//! URI, and [`Migration`](crate::otp::Migration) from what Google Authenticator exports, all QR codes of it together.
//!
//! * An imported key is sealed at once and shown to nobody. It counts for nothing until its user has shown one right
//!   code at his next login: [`Gate::AskCode`] leads him there, and [`Prompt::is_imported`](crate::Prompt) lets the page
//!   say which app is meant. Wrong codes count like all others. From then on he is enrolled, with the algorithm, the
//!   digits and the period that his app has.
//! * Import it before you switch the requirement on, or after; it waits for the first login under it. Once that
//!   requirement goes off and on again, who has not taken his over enrolls like everybody else (R6).
//! * Nothing is imported over what there is or was ([`Refusal::TooLateToImport`]): not over a live authenticator, not
//!   where one was reset, replaced or given up. So a list can be imported as often as you like, with the same result,
//!   and a phone that was stolen does not come back with it (R7, R8).
//! * A user who has lost his old phone is reset, as always. His list entry is then of no use any more.
//! * Only [`Support`] can do it, with the operator's name and a reason in the trail (R13): whoever chooses somebody's key
//!   can make his codes. For the same reason the user hears of it where events are told ([`Audience`](crate::Audience)).
//! * Keys of fewer than 16 bytes are refused, and their users enroll anew: RFC 4226 §4 R6 demands 128 bits, and NIST SP
//!   800-63B-4 §3.1.4.1 112. Many systems have given out ten bytes, 80 bits. Such a list is imported line by line all the
//!   same, and each refused line says so.
//! * A code that was used at the old system a moment ago is not known to be used here. Close its door before you open
//!   this one, and delete its keys: as long as it has them, so has whoever breaks into it.
//! * The file with the keys is as secret as all of them. Keep it on the machine that imports it, and destroy it.
//!
//! # What is not promised
//!
//! * **Phishing in real time.** Whoever makes the user type his code into another page can use it once, within its
//!   minute. No rotating code is proof against that; passkeys are.
//! * **The thief who comes first**, unless the org asks for invitations ([`Settings::by_invitation`]). Before a user has
//!   enrolled, the password alone decides who enrolls. The event trail shows it (`enrollment-started`,
//!   `enrollment-superseded`, `enrolled`, each with its origin).
//! * **A row rolled back as a whole.** Each record is bound to its revision, but whoever can write the database can put
//!   back an older row, revision and all, and with it an older "last consumed" step. After restoring a backup switch
//!   the requirement off and on (a new epoch, everybody enrolls anew), or reset those concerned.
//! * **A process that is taken over.** Its memory has the keys. Buffers of the library's own are wiped, and the tests of
//!   the engine look through the memory of their process for what was left; what a compiler, an allocator or a swap file
//!   copied is out of its hands, and so is what the crates `qrcode` and `png` keep while they draw.
//! * **Settings that are lost.** An org whose settings record is deleted is one that was never written: it has the
//!   requirement that the builder states. Set [`default_requirement`](crate::Builder::default_requirement) to `On`
//!   where that would be worse than the inconvenience.
//!
//! # Why each default
//!
//! Of all orgs at once, since authenticators are made by it, the host decides with [`CodeRules`]; each org with its
//! [`Settings`], within bounds that stand with each method that changes one. The presets [`Settings::nist_aal2`],
//! [`Settings::pci_dss`] and [`Settings::asvs_l2`] name the clauses that they keep, and what of them is the host's to do.
//! An org that has decided nothing yet has what [`default_settings`](crate::Builder::default_settings) says.
//!
//! | default | why | source |
//! | --- | --- | --- |
//! | SHA-1, 6 digits, 30 s | the one combination that Google Authenticator, Microsoft Authenticator, Duo Mobile and Authy all take; HMAC-SHA-1 is not touched by SHA-1's collisions | RFC 6238 §1.2, §5.2 |
//! | ten recovery codes of 120 bits | nobody types 24 characters often; a guesser never hits one. From 112 bits on a salted, approved hash (SHA-256, of which 128 bits are kept) is all that is asked for, and no slow one | NIST SP 800-63B-4 §3.1.2.2 |
//! | 20 bytes of secret | the length of the hash's output, and above the 128 bits demanded | RFC 4226 §4 R6 |
//! | clocks that are off are not followed | phones set theirs by themselves; [`CodeRules::drift`] is for tokens that cannot | RFC 6238 §6 |
//! | an hour is looked at for a hint | a phone whose time was set by hand for another time zone; 120 hashes, about ten microseconds | |
//! | one step either way | network delay and clocks that are off; three right answers in a million at any time | RFC 6238 §5.2 |
//! | ticket and pending enrollment 15 min | time to fetch the phone, or to install an app | |
//! | stamp 12 h | a working day; a new login at the latest then | NIST SP 800-63B-4 §2.2.3 (wants an end, and recommends 24 h at most at AAL2) |
//! | waits of 30 s, doubling, from the 5th wrong code in a row | a typist errs twice or three times; a guesser is slowed down | NIST SP 800-63B-4 §3.2.2 (its example: from 30 s up to an hour) |
//! | hard stop at 10 in a row | ten guesses, each three in a million | NIST SP 800-63B-4 §3.2.2 (at most 100; fewer are welcome); PCI DSS v4.0.1, 8.3.4 (at most 10) |
//! | a code at most 5 min old for administration | long enough to do several things, too short for a session left open | OWASP ASVS 5.0, 7.5.3 (one factor anew before what is highly sensitive; no number) |
//! | no device is remembered | or whoever has the browser needs the password only | NIST SP 800-63B-4 §5.1 (no remembered browser instead of an authentication); PCI DSS v4.0.1, 8.5.1 (all factors before access) |
//! | a customer's session lasts as long as the host's settings at first say | the org's settings are not read for him (R5) | |
//! | no time to enroll, no invitations | as the product does: the QR code comes at the next login. Time to enroll ([`Settings::enroll_within`]) is time in which the password is enough; an invitation keeps out the thief who comes first | CISA AA22-074A |
//! | an invitation lasts 24 h | it is handed over in person or on the phone, and used the same day | NIST SP 800-63A-4 §3.8 (codes sent by electronic mail) |
//! | a blocked account is reset with a new password or an invitation only | only somebody with the password can have blocked it, and would enroll first. An unlock does not change that; [`TwoFactor::end_trust`] does, which tells of a changed password | |
//! | nobody enrolls by choice | the box that switches the requirement on is the whole product; where it is offered, the password is asked for anew, so that no session left open binds a stranger's phone | NIST SP 800-63B-4 §4.1.2.1 |
//! | changing settings names what was seen | two admins at work at once do not undo each other unknowingly | |
//! | running sessions go on when the requirement is switched on | the admin who ticks the box is not thrown out of the page he is on; [`RunningSessions::End`] is the stricter choice | |
//!
//! # Remembered devices
//!
//! Where an org [allows it](Settings::with_remember_devices), a user who has just shown a code may have the browser
//! remembered that he is at ([`TwoFactor::remember_device`]): there his password is enough, for the days that the org
//! sets. That is convenience bought with safety, so by default there is none of it.
//!
//! * The token goes into a cookie: `HttpOnly`, `Secure`, `SameSite`. It counts beside a password that was just accepted,
//!   and opens nothing by itself.
//! * It suppresses the second step and nothing else: not an enrollment, not a block, not the fresh code that
//!   administration wants (R13), nor the one by which another device is remembered. Each use is an event.
//! * It dies with the generation and the epoch: after a reset, another authenticator, an unlock, a changed password
//!   ([`TwoFactor::end_trust`]), off and on. And with the setting: an org that switches it off, or lowers the days, has
//!   every older device asked for a code from the next login on.
//! * Its owner and Master Admins see the list and take devices off it ([`TwoFactor::devices`],
//!   [`TwoFactor::forget_device`]). A session that is running there goes on until it ends; for a stolen device call
//!   [`TwoFactor::end_trust`].
//! * Copied together with the password, it lets the thief in. That is why it is listed with its last use.
//!
//! # Recovery codes
//!
//! They come with an enrollment ([`Enrolled::recovery_codes`](crate::Enrolled::recovery_codes)), ten of them, and are shown
//! once. Offer to copy, to download and to print them; no link, no mail, no log. [`TwoFactor::recover`] takes one with the
//! ticket of a login. What it comes to:
//!
//! | what | and then |
//! | --- | --- |
//! | one is used | the user is in, and everything that was handed out before is void. He is told how many are left; tell him by mail as well (`recovery-used`), since it may not have been he |
//! | the phone is lost | the pass of a recovery code is enough for [`TwoFactor::replace`], for as long as a code would be fresh. That is what it is for: NIST SP 800-63B-4 §4.2 has a user recover with a saved code beside his password, and bind a new authenticator then |
//! | administration | the pass of a recovery code is not fresh. A sheet can be copied and lie about for years; whoever has it may regain his own account, and nobody else's |
//! | the authenticator is replaced | the codes that are left go on: the sheet was not lost with the phone. Whoever thinks it was draws new ones |
//! | new ones are drawn | with a fresh code of the app ([`TwoFactor::renew_recovery_codes`]), and none of the old ones works |
//! | a reset; off and on; an enrollment by choice that is withdrawn | none of them works: they belong to the enrollment, which is gone |
//! | unlock, a changed password | the codes stay, as the authenticator does |
//!
//! # Write your own store
//!
//! A store is two columns in your table of users and two in that of orgs, one conditional write, and an event table.
//! `examples/own_store.rs` is one over tables that exist already, in SQLite: copy it. Five mistakes make up most of what
//! goes wrong:
//!
//! 1. *Reading first and writing later.* Compare in the write itself: `update … where revision = $expected`, and
//!    look at the number of rows.
//! 2. *Answering for a row that was never written.* Your row exists before its record does. Let the column for the
//!    revision be `not null default 0`, and a load look for `revision > 0`: a row that was never written is `None`. Then
//!    `update … where revision = 0` makes the first write. With a column that is NULL it would find no row; and an insert
//!    would find one, or make up a user who is in no directory. Only in a table of its own is the first write an
//!    `insert … on conflict do nothing`.
//! 3. *Looking for the user's id alone.* The org belongs into every `where`, also if ids are unique without it.
//! 4. *Answering before the commit*, or committing the events apart from the record.
//! 5. *Reading from a replica, or from a cache.* A code that was consumed a moment ago must be seen as consumed.
//!
//! The clauses stand at [`UserStore`]. The feature `conformance` brings a suite that tries them on your store, through as
//! many pools as you give it. It asks you for at most 23 fresh ids, with an async closure that may insert their rows. Of
//! these mistakes it cannot see what a power cut undoes, events that are committed apart, and a replica that it was not
//! given.
//!
//! If you tell people what happened, implement [`Outbox`](crate::store::Outbox) as well: a second table that the same
//! transaction writes. `record` is at most a few kilobytes; the revision counts up by one. The [`UserSummary`] may go into
//! plain columns, to be listed and counted: a user is enrolled *now* when the epoch of their summary equals that of their
//! org's ([`Epoch`]'s `Display` form is made for that comparison). Nothing is ever decided by it. [`Change::ends_sessions`]
//! tells that all sessions of the user are void: a host whose sessions live in the same database can delete them in the
//! same transaction.
//!
//! When a write fails in the middle, say `Err`: the library reads the record back, believes only its own write, and
//! only once a further conditional write upon it was acknowledged. Everything else becomes
//! [`ErrorKind::OutcomeUnknown`], and the user types the next code.
//!
//! # Telling people
//!
//! A user has to hear when somebody adds an authenticator to his account, takes one off, or types wrong codes behind his
//! right password: mostly it was he, and the one time it was not he is the first who can tell. NIST SP 800-63B-4 wants
//! it for authenticators that are bound (§4.1.2.1) and accounts that are recovered (§4.2.3), and says how in §4.6; OWASP
//! ASVS 5.0 in 6.3.5 and 6.3.7, at level 3.
//!
//! [`Event::audience`](crate::Event::audience) says whom to tell:
//!
//! | what happened | who hears of it |
//! | --- | --- |
//! | an authenticator was enrolled, replaced or taken off by the user | the user |
//! | a wrong code, and a wait began; those before it are what a typist does | the user |
//! | the account is blocked: somebody has the password | the user, and the Master Admins, who have to do something |
//! | a Master Admin reset or unlocked the account | the user |
//! | the vendor's support did | the user and the Master Admins |
//! | the org's requirement or settings were changed | the Master Admins |
//! | somebody who is none tried to do what only a Master Admin may, or reached into another org | the Master Admins |
//! | logins, QR codes that were shown, refusals an honest admin comes upon | nobody: the trail has them |
//! | everything handed out was voided | nobody: the host did it, knows why, and tells of the changed password itself |
//!
//! Addresses, words and languages are the host's. Write to the address that was on file *before* the change, say what to
//! do if it was not the reader, and put no link to click into it. `kind` is a stable word to choose the text by; where
//! there is none for it yet, the event's own sentence will do.
//!
//! *Nothing is lost.* Whoever is to be told waits in the store's [`Outbox`](crate::store::Outbox) from the very write
//! that changed the account until it is acknowledged, whether or not the process lives on, and whether or not the
//! library's caller ever had an answer. [`tell_waiting`](crate::store::tell_waiting) hands over what waits, *at least
//! once*: run it every few seconds, in one process or in all. The notice's `id` is the key by which the mailer knows what
//! it has been given before.
//!
//! There is no cursor to keep, and a host should not make one of times or numbers of events: processes have clocks of
//! their own, and a transaction that began first may commit last. What becomes visible behind a cursor is never told.
//!
//! *As it happens*, a [`Listener`](crate::Listener) hears of every event, within the process that wrote it: to wake the
//! mailer, to count, to log. It hears after the write was acknowledged, can undo nothing and must not block. It hears
//! nothing of an unknown outcome; the outbox does not need to know.
//!
//! *Whoever tells nobody* empties the outbox now and then, as he shortens the trail: `DELETE FROM countersign_outbox`, or
//! `etcdctl del --prefix portal/countersign/outbox/`. A notice is a copy of its event, so that either can go without the
//! other.
//! # Reports
//!
//! A host that also implements [`Roster`](crate::Roster) (everybody of an org, in pages, each with the summary that the store was given)
//! gets three things:
//!
//! * [`TwoFactor::report`]: row by row how things stand with everybody, as a list or as CSV, and no more than a page in
//!   memory at once;
//! * [`TwoFactor::counts`]: how many there are of each [`Status`](crate::Status), out of
//!   [`Roster::groups`](crate::Roster::groups), which in SQL is one query;
//!   and how many Master Admins: warn below two;
//! * [`TwoFactor::who_can_help`]: whom to ask when locked out. Only Master Admins who can sign in themselves are named;
//!   when there is none, the vendor is left. For somebody whose password was right, and not for strangers.
//!
//! | status | what it means |
//! | --- | --- |
//! | enrolled | in the current epoch: asked for a code |
//! | pending | a QR code was shown, and its first code is awaited |
//! | not-enrolled, outdated | must enroll at the next login: never did, or in an earlier epoch |
//! | waiting, blocked | no code is looked at for a while, or until somebody unlocks or resets the account |
//! | not-required | the requirement is off, and he did not enroll by choice |
//! | exempt | a customer |
//!
//! Reading wants the pass of a Master Admin (R13) and no fresh code, since nothing changes; others who try leave an event.
//! It is a picture of facts, taken without a lock: what somebody may do is decided by his sealed record alone. In a CSV
//! file, what a spreadsheet would take for a formula has an apostrophe in front ([`CsvLine`](crate::CsvLine)).
//!
//! *Many resets.* [`TwoFactor::reset_many`] (a Master Admin) and [`Support::reset_many`] (the vendor) reset one user after
//! the other, each in a write and with an event of his own, and tell what became of each. A dry run writes nothing. The
//! Master Admin's authority is looked at anew for each: whoever is demoted meanwhile stops, and so does one whose code
//! grows old, until he shows another. An interrupted run is begun again with the moment at which it first began
//! ([`BulkReset::go_on_from`](crate::BulkReset::go_on_from)): those who were reset have nothing to reset, and those who
//! have enrolled anew since then are left alone. Blocked accounts are told and left as they are, since somebody knows
//! their passwords: change these and run again [so](crate::BulkReset::with_new_passwords), or invite one by one, as an
//! invitation is handed to a person. A single reset is for one whom you know; it always ends his sessions, while a run
//! passes over who never enrolled.
//!
//! # Durability
//!
//! A code that was accepted must stay consumed, and a guess counted, whatever happens to the machine. So no store of
//! this crate has a mode that could lose what it acknowledged.
//!
//! * `store::sqlite` says [`Swap::Done`] after a commit that was synced to the disk: write-ahead log with
//!   `synchronous = FULL`. A pool of the host's that would lose commits in a power cut is refused. The price is a wait
//!   for the disk, which writes that come together share: how it is done is told at `SqliteStore`.
//! * It is as good as the disk's own word. A drive or a virtual machine that says "synced" and means "soon", and a
//!   network file system, take the promise away.
//! * Several processes may share one file on one machine. Their writes are told apart by SQLite's own lock and the
//!   revision in each write; whoever has much to write leaves the lock to the others after at most 32 commits.
//! * When the disk is full, the file read-only or damaged, or a table gone, writes fail with an error that says so,
//!   nothing of them is there, and nobody gets in. Once there is room again they go on, without a restart.
//! * Back a file up with `VACUUM INTO` or SQLite's backup, not by copying: what was written last may still be in the
//!   log beside it.
//!
//! # The store in PostgreSQL
//!
//! For portals that have one already. `store::postgres::PostgresStore` says how to open it, and how a host's own rows come
//! into the same commit.
//!
//! *What it asks of a server* is one conditional statement that is a transaction by itself: no sequence, no advisory or
//! row lock, no trigger, no function. It is written so that CockroachDB, YugabyteDB, Neon, Citus (distribute all tables by
//! `org_id`) and Aurora DSQL can run it, but is tested with PostgreSQL alone: before you rely on another one, run the suite
//! of the feature `conformance` against it. The trail's key orders an org's events by time, so that no index is needed
//! beside it.
//!
//! *Settings.*
//!
//! | setting | value | why |
//! | --- | --- | --- |
//! | `fsync` | on | or a power cut undoes what was acknowledged: a spent code is good again. Refused otherwise |
//! | `synchronous_commit` | `on`, or more | the same. `off` is refused, and `local` where there are synchronous standbys |
//! | `synchronous_standby_names` | at least one, where failovers are automatic | a standby that lags behind becomes a primary that has not heard of the last codes |
//! | `statement_timeout`, `lock_timeout` | as you like | they end before the commit: nothing was written, and it is an error |
//! | `default_transaction_isolation` | as you like | what the server gives up for another transaction (`40001`, `40P01`) was not written, so it is stale, and read again |
//! | `idle_session_timeout`, a proxy's idle timeout | longer than five seconds, or off | connections that were idle for longer than that are tried before use |
//!
//! A service that keeps its log elsewhere may say `fsync = off` and be durable all the same. Ask its vendor, then say
//! `durable_all_the_same`.
//!
//! *Never cancel.* A commit that waits for a synchronous standby and is cancelled (`pg_cancel_backend`, a pooler's
//! `query_timeout`, another driver's timeout) answers with success, and a mere warning, for a write that a failover then
//! loses. This store sends no cancel. It waits ten seconds (`with_patience`), closes the connection and reports that the
//! outcome is unknown. Scripts that clear up long queries should terminate (`pg_terminate_backend`), which is an error to
//! the client, and not cancel.
//!
//! *The pool.* `PostgresStore::pool_options()` is where to begin. sqlx pings a connection before each use: two round trips
//! for every statement, which `test_before_acquire(false)` halves. A verification reads record and settings at the same
//! time, on two connections, and then writes once: it waits for two round trips in all.
//!
//! *The primary only.* No read replica, and no balancer that spreads reads: a standby says that it is one, and is an error.
//!
//! *Backups.* What was written after one is gone with a restore, and with it the memory of spent codes and counted guesses:
//! a code of the last minute would be accepted again, and so would an authenticator that was reset since; whoever was
//! blocked since is not. The same goes for a failover without a synchronous standby, for as far as it lagged behind. After
//! a restore switch the requirement off and on.
//!
//! *Failover*: a page of its own, [`failover`], says what to configure and to monitor so that nothing is lost, what was
//! measured, and what to do after a restore or a failover that lost something.
//!
//! *The trail* grows and nothing shortens it. `DELETE FROM countersign_events WHERE at < …` is the host's to run.
//!
//! # The store in etcd
//!
//! For portals that run an etcd already, and for those that want to survive the loss of a server without doing anything:
//! with three nodes one may be lost, with five two. `store::etcd::EtcdStore` says how it uses them.
//!
//! *To build it*, `protoc` is needed (Debian: `protobuf-compiler`; elsewhere the variable `PROTOC` may say where it is):
//! the client is generated from etcd's description of its protocol. The program that was built does not need it.
//!
//! *TLS and users* are the business of the `ConnectOptions` that the store is given. `EtcdStore::options()` is where to
//! begin. TLS has to be asked for in the host's own Cargo.toml, by the kind that it wants:
//! `etcd-client = { version = "0.21", features = ["tls"] }`; then add `.with_tls(…)`, and write `https://`. Without it
//! passwords and sealed records cross the network in the clear. A user is added by `.with_user(name, password)`, and
//! needs no more than this:
//!
//! ```text
//! etcdctl role add portal
//! etcdctl role grant-permission portal --prefix=true readwrite portal/countersign/
//! etcdctl user grant-role portal portal
//! ```
//!
//! *How large.* etcd suggests a quota of 8 GiB at most (`--quota-backend-bytes=8589934592`; without it there are 2). A
//! user takes about 830 bytes of it, each event of the trail about 350, and as much again while it waits to be told. So
//! about 10 million users are the ceiling, which would leave no room for a trail; 5.7 million fit with the two events of
//! each enrollment. All keys are in the server's memory as well, at about 800 bytes each, two for a user. Set
//! `--auto-compaction-retention=1h`, since every write leaves the earlier value behind until it is compacted, and
//! defragment one node after the other now and then. Shorten the trail, which is what grows: times count down in its
//! keys, so that all that is older than a day is one range. For an org `acme` and 90 days:
//!
//! ```text
//! older=$(printf %016x $((0x7fffffffffffffff - $(date -d '90 days ago' +%s))))
//! etcdctl del portal/countersign/events/acme/$older portal/countersign/events/acme0
//! ```
//!
//! A database that has reached its quota takes nothing more (`EtcdError::Full`): nobody logs in with a code until an
//! operator has compacted, defragmented and disarmed the alarm. Watch its size.
//!
//! *Nothing that weakens it.* Not `--unsafe-no-fsync`: an acknowledged write would not survive a power cut. Not versions
//! 3.5.0 to 3.5.2, whose nodes could come to differ. Reads of your own that decide anything must be linearizable, which
//! is the default, and not `serializable`: a node that was cut off serves the past.
//!
//! *Backups* are `etcdctl snapshot save`, of one node. What was written after it is gone with a restore, and with it the
//! memory of spent codes and counted guesses: a code of the last minute would be accepted again, and so would an
//! authenticator that was reset since; whoever was blocked since is not. The same goes for `--force-new-cluster` on a node that had fallen behind. Stop
//! the portal before, and afterwards switch the requirement off and on, as after any restore.
//!
//! # Keys
//!
//! A [`Keyring`] seals records, settings, tickets and stamps. Keep it apart from the database: in a file that only the
//! portal's user can read, in the environment, in your orchestrator's secrets. [`Keyring::draw_text`] makes one.
//!
//! * *To change the key*: put a new one in front (`2:NEW,1:OLD`) and restart. With several servers first give all of
//!   them the new key as an older one (`1:OLD,2:NEW`), then turn the order round: a server that does not know a key
//!   cannot open what another has sealed under it. Records are sealed anew at their next write; the old key can go when
//!   every user has logged in once, and those who have not are reset.
//! * *If the key is lost*, nothing opens and nobody gets in; every user is reset by the vendor's [`Support`], which needs
//!   no old key for it. The org's settings do not open either: remove that record, and mind the requirement that an org
//!   without one has.
//! * *If the key and the database are stolen*, the secrets are known: change the key, then switch the requirement off
//!   and on.
//!
//! # Operations
//!
//! * Clocks of the servers, and of the users' phones, within a step of each other: run NTP. Codes that are "wrong" for
//!   many users at once are a clock that is off.
//! * Watch for `blocked` events: each says that somebody knows this password. Let the user change it, call
//!   [`TwoFactor::end_trust`], and unlock, or [reset](TwoFactor::reset_with_new_password).
//! * Where invitations are asked for from the start, invite a Master Admin before the requirement is switched on. Nobody
//!   inside can do so afterwards before one of them has a code to show; the vendor's [`Support`] can.
//! * [`ErrorKind::Unavailable`] and [`ErrorKind::Contended`] answer 503; [`ErrorKind::OutcomeUnknown`] shows the form
//!   again and asks for the *next* code; [`ErrorKind::Unreadable`] wakes somebody up.
//! * A Master Admin who has just switched the requirement on cannot take that back in the same session: he has no code
//!   to show yet. He signs in anew, enrolls, and then may.
//! * Have at least two Master Admins. A sole one who loses his phone is helped by the vendor only, whose desk has a tool
//!   for it: `examples/support_reset.rs` asks for the case and how the caller was recognized, and both stand in the trail.
//!
//! # Where everything is
//!
//! In reading order; each file uses only what stands above it, and a test says so.
//!
//! ```text
//! src/
//!   lib.rs          front page (the README), modules, re-exports
//!   time.rs         Timestamp, Clock          error.rs   Error and its kinds
//!   random.rs       SecureRandom              who.rs     OrgId, UserId, Role, Person
//!   requirement.rs  Requirement, Epoch        settings.rs  what an org may choose; presets
//!   event.rs        what happened
//!   event/          audience (whom to tell of it)     listener.rs   hearing of events as they happen
//!   store.rs        Directory, UserStore, SettingsStore and their clauses
//!   store/          outbox (who is still to be told of what) · roster (everybody, in pages) · memory · sqlite (feature;
//!                   sqlite/writer is the one task that writes) · postgres (feature) · etcd (feature) · logged (events as
//!                   read) · erased (boxed twins)
//!   conformance.rs  (feature) does a store keep the contract?
//!   conformance/    trials (one for each clause) · asking (what is said of an answer) · lent (ids and counts of the host's) ·
//!                   records (users and settings alike) · race · outbox · roster
//!   otp/            the engine, knows nothing of users: algorithm · code · secret · mask · hash · mac · keyed (a key taken
//!                   in, and the search for a code) · hotp · totp (totp/astray: where a wrong code belongs) · label ·
//!                   uri · parse · migration (what Google
//!                   Authenticator exports) · qr (SVG, terminal, by feature PNG)
//!   key_list.rs     users and keys of another system, from CSV
//!   code_rules.rs   which codes are made and taken    hint.rs   what may be said of a wrong one
//!   policy.rs       what an org decided
//!   authority.rs    who may do what to whom
//!   report.rs       how things stand with everybody (report/csv: as a file; two_factor/reporting reads it,
//!                   two_factor/bulk resets many)
//!   recovery.rs     recovery codes: drawn, read, kept
//!   generation.rs · codec.rs · seal.rs        names of trust, bytes, keyring
//!   invitation.rs · ticket.rs · device.rs · pass.rs   what is handed out
//!   verdict.rs      Gate, Verdict, Refusal, Import
//!   account.rs      the state machine: one method per command → Decision
//!   record.rs       accounts and settings ⇄ sealed bytes
//!   request.rs · enrollment.rs                what a host hands in, what its pages show
//!   two_factor.rs   the driver: what a host calls
//!   two_factor/     builder · commit (the one conditional write) · deciding (load, decide, write) · admin ·
//!                   by_choice · joining (grace, invitations) · devices · recovery · settings · support · import
//!   testing.rs      (feature) for hosts' own tests
//! examples/         enroll.rs (terminal) · own_store.rs (over tables that exist already) · support_reset.rs (the vendor's
//!                   desk) · portal/ (a package of its own)
//! benches/          peers/ (beside other crates: the table in the README) · instructions/ (how many, in counts.txt) ·
//!                   stores/ (how fast the stores are); packages of their own
//! tests/it/         one binary: engine · stories · recovery · edges · hints · import · races · faults · secrecy · model ·
//!                   conformance · sqlite · postgres · etcd · …
//! tests/browser/    the portal in a real browser
//! tests/failover/   portals under load while PostgreSQL fails over, and an account of what was promised and kept
//! tests/no_std/     the engine in a program without `std`
//! tests/servers/    private servers for the tests
//! tests/run         everything, with its set-up
//! ```
//!
//! How a call goes: the driver *loads* the account and the policy, the state machine *decides* (purely), the driver
//! *writes* what that demands if the revision is still the one it read, and only then gives the *reply*. If somebody
//! else wrote in between, it begins anew, a bounded number of times and without sleeping.

pub mod failover;

#[allow(unused_imports, reason = "so that the links above read as a host writes the names")]
use crate::{
    ActRefusal, Admin, Directory, ErrorKind, Gate, Hint, Keyring, Pass, Refusal, Role, SignedIn, TwoFactor,
    User, UserStore, Verdict,
    admin::{ManagedUser, Support, key_list},
    policy::{CodeRules, Epoch, RunningSessions, Settings},
    store::{Change, Swap, UserSummary},
};
