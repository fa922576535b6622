<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en_US">
<context>
    <name></name>
    <message>
        <source>There is no keyring on this system</source>
        <translation>Auf diesem System gibt es keinen Schlüsselbund</translation>
    </message>
    <message>
        <source>Install one and start ccdesk again.</source>
        <translation>Installieren Sie einen und starten Sie ccdesk neu.</translation>
    </message>
    <message>
        <source>The keyring in use keeps secrets in plain files</source>
        <translation>Der benutzte Schlüsselbund legt Geheimnisse in unverschlüsselten Dateien ab</translation>
    </message>
    <message>
        <source>The system&apos;s keyring does not answer</source>
        <translation>Der Schlüsselbund des Systems antwortet nicht</translation>
    </message>
    <message>
        <source>Look for a window that asks to unlock it, then try again.</source>
        <translation>Suchen Sie nach einem Fenster, das ihn entsperren möchte, und versuchen Sie es dann erneut.</translation>
    </message>
    <message>
        <source>The system&apos;s keyring refused</source>
        <translation>Der Schlüsselbund des Systems hat abgelehnt</translation>
    </message>
    <message>
        <source>The Kibo home address is not the one the shared secret was given for</source>
        <translation>Für diese Kibo-Home-Adresse wurde das gemeinsame Geheimnis nicht eingegeben</translation>
    </message>
    <message>
        <source>It was given for {place}, and the settings, or a variable of the environment, now name {home}. Nothing was sent there.</source>
        <translation>Es gilt für {place}, in den Einstellungen oder einer Umgebungsvariablen steht jetzt aber {home}. Es wurde nichts dorthin gesendet.</translation>
    </message>
    <message>
        <source>no address</source>
        <translation>keine Adresse</translation>
    </message>
    <message>
        <source>If the new address is right, enter the shared secret again; else put it right.</source>
        <translation>Wenn die neue Adresse stimmt, geben Sie das gemeinsame Geheimnis noch einmal ein; sonst berichtigen Sie die Adresse.</translation>
    </message>
    <message>
        <source>Kibo&apos;s home names it, but it is of another domain than {home}, and nobody has said that it may be signed in to. Nothing was sent there.</source>
        <translation>Kibos Home-Adresse nennt sie, sie gehört aber zu einer anderen Domain als {home}, und niemand hat die Anmeldung dort erlaubt. Es wurde nichts dorthin gesendet.</translation>
    </message>
    <message>
        <source>The settings name it, but it is of another domain than {home}, and nobody has said that it may be signed in to. Nothing was sent there.</source>
        <translation>Die Einstellungen nennen sie, sie gehört aber zu einer anderen Domain als {home}, und niemand hat die Anmeldung dort erlaubt. Es wurde nichts dorthin gesendet.</translation>
    </message>
    <message>
        <source>The tenant&apos;s address {address} does not belong to Kibo&apos;s home</source>
        <translation>Die Tenant-Adresse {address} gehört nicht zu Kibos Home-Adresse</translation>
    </message>
    <message>
        <source>If the address is right, enter it as Kibo tenant address together with the shared secret; else put it right.</source>
        <translation>Wenn die Adresse stimmt, geben Sie sie als Kibo-Tenant-Adresse zusammen mit dem gemeinsamen Geheimnis ein; sonst berichtigen Sie sie.</translation>
    </message>
    <message>
        <source>The login was refused</source>
        <translation>Die Anmeldung wurde abgelehnt</translation>
    </message>
    <message>
        <source>Somebody chose not to allow ccdesk in the browser.</source>
        <translation>Im Browser wurde ccdesk der Zugriff nicht erlaubt.</translation>
    </message>
    <message>
        <source>Log in again and allow it when you are ready.</source>
        <translation>Melden Sie sich noch einmal an und erlauben Sie den Zugriff, wenn Sie so weit sind.</translation>
    </message>
    <message>
        <source>Constant Contact did not complete the login</source>
        <translation>Constant Contact hat die Anmeldung nicht abgeschlossen</translation>
    </message>
    <message>
        <source>It sent the browser back with an error.</source>
        <translation>Es hat den Browser mit einem Fehler zurückgeschickt.</translation>
    </message>
    <message>
        <source>Try again; if it stays so, check the API key and its redirect addresses.</source>
        <translation>Versuchen Sie es erneut; wenn es dabei bleibt, prüfen Sie den API-Schlüssel und seine Weiterleitungsadressen.</translation>
    </message>
    <message>
        <source>The login was cancelled</source>
        <translation>Die Anmeldung wurde abgebrochen</translation>
    </message>
    <message>
        <source>Nothing was changed.</source>
        <translation>Es wurde nichts geändert.</translation>
    </message>
    <message>
        <source>No port is free for the login</source>
        <translation>Für die Anmeldung ist kein Port frei</translation>
    </message>
    <message>
        <source>The browser must return to one of the registered ports: {ports}. Other programs use all of them.</source>
        <translation>Der Browser muss zu einem der eingetragenen Ports zurückkehren: {ports}. Alle werden von anderen Programmen benutzt.</translation>
    </message>
    <message>
        <source>Close the program that uses one of them, or a login still waiting, and try again.</source>
        <translation>Schließen Sie das Programm, das einen davon benutzt, oder eine noch wartende Anmeldung, und versuchen Sie es erneut.</translation>
    </message>
    <message>
        <source>The login in the browser was not finished in time</source>
        <translation>Die Anmeldung im Browser wurde nicht rechtzeitig abgeschlossen</translation>
    </message>
    <message>
        <source>If the browser showed an error page, the redirect address may not be registered for the API key: it must be exactly {redirect_uri}</source>
        <translation>Wenn der Browser eine Fehlerseite gezeigt hat, ist vielleicht die Weiterleitungsadresse für den API-Schlüssel nicht eingetragen: Sie muss genau so lauten: {redirect_uri}</translation>
    </message>
    <message>
        <source>The Constant Contact API key is missing</source>
        <translation>Der API-Schlüssel von Constant Contact fehlt</translation>
    </message>
    <message>
        <source>Logging in needs the key of an application registered with Constant Contact.</source>
        <translation>Zum Anmelden wird der Schlüssel einer Anwendung gebraucht, die bei Constant Contact registriert ist.</translation>
    </message>
    <message>
        <source>Register one at https://app.constantcontact.com/pages/dma/portal (PKCE flow, rotating refresh tokens).</source>
        <translation>Registrieren Sie eine unter https://app.constantcontact.com/pages/dma/portal (PKCE flow, rotating refresh tokens).</translation>
    </message>
    <message>
        <source>Constant Contact did not confirm that the login was withdrawn</source>
        <translation>Constant Contact hat nicht bestätigt, dass die Anmeldung zurückgezogen ist</translation>
    </message>
    <message>
        <source>Constant Contact&apos;s login service is busy</source>
        <translation>Der Anmeldedienst von Constant Contact ist überlastet</translation>
    </message>
    <message>
        <source>The connection to Constant Contact is not trusted</source>
        <translation>Der Verbindung zu Constant Contact wird nicht vertraut</translation>
    </message>
    <message>
        <source>The login service&apos;s certificate could not be checked, so nothing was sent.</source>
        <translation>Das Zertifikat des Anmeldedienstes ließ sich nicht prüfen, deshalb wurde nichts gesendet.</translation>
    </message>
    <message>
        <source>Check the address, this computer&apos;s date, and your company&apos;s proxy or certificates.</source>
        <translation>Prüfen Sie die Adresse, das Datum dieses Computers und den Proxy oder die Zertifikate Ihrer Firma.</translation>
    </message>
    <message>
        <source>Constant Contact&apos;s login service cannot be reached</source>
        <translation>Der Anmeldedienst von Constant Contact ist nicht erreichbar</translation>
    </message>
    <message>
        <source>Constant Contact&apos;s login service gave an answer that cannot be used</source>
        <translation>Die Antwort des Anmeldedienstes von Constant Contact ist nicht brauchbar</translation>
    </message>
    <message>
        <source>Constant Contact does not accept the API key</source>
        <translation>Constant Contact nimmt den API-Schlüssel nicht an</translation>
    </message>
    <message>
        <source>Check the API key, and that its application uses the PKCE flow.</source>
        <translation>Prüfen Sie den API-Schlüssel, und ob seine Anwendung den PKCE flow benutzt.</translation>
    </message>
    <message>
        <source>Constant Contact&apos;s login service refused for now</source>
        <translation>Der Anmeldedienst von Constant Contact lehnt im Moment ab</translation>
    </message>
    <message>
        <source>The login has run out or was revoked.</source>
        <translation>Die Anmeldung ist abgelaufen oder wurde widerrufen.</translation>
    </message>
    <message>
        <source>Another ccdesk is busy renewing the login</source>
        <translation>Ein anderes ccdesk erneuert gerade die Anmeldung</translation>
    </message>
    <message>
        <source>Nothing was lost.</source>
        <translation>Es ging nichts verloren.</translation>
    </message>
    <message>
        <source>The login to Constant Contact was made for another address or API key</source>
        <translation>Die Anmeldung bei Constant Contact gilt für eine andere Adresse oder einen anderen API-Schlüssel</translation>
    </message>
    <message>
        <source>The settings, or a variable of the environment, now name {places}. Nothing was sent there.</source>
        <translation>In den Einstellungen oder einer Umgebungsvariablen steht jetzt: {places}. Es wurde nichts dorthin gesendet.</translation>
    </message>
    <message>
        <source>If that is right, log in again; else put it right.</source>
        <translation>Wenn das stimmt, melden Sie sich noch einmal an; sonst berichtigen Sie es.</translation>
    </message>
    <message>
        <source>The data folder cannot be used</source>
        <translation>Der Datenordner kann nicht benutzt werden</translation>
    </message>
    <message>
        <source>The state of the login is kept there.</source>
        <translation>Dort wird der Stand der Anmeldung aufbewahrt.</translation>
    </message>
    <message>
        <source>Make the folder readable and writable for you.</source>
        <translation>Sorgen Sie dafür, dass Sie in dem Ordner lesen und schreiben dürfen.</translation>
    </message>
    <message>
        <source>The place chosen for secrets does not exist</source>
        <translation>Den gewählten Ort für Geheimnisse gibt es nicht</translation>
    </message>
    <message>
        <source>Login tokens and the Kibo secret need a place to be kept in.</source>
        <translation>Die Anmeldung und das Kibo-Geheimnis brauchen einen Ort, an dem sie aufbewahrt werden.</translation>
    </message>
    <message>
        <source>The file for secrets cannot be used</source>
        <translation>Die Datei für Geheimnisse kann nicht benutzt werden</translation>
    </message>
    <message>
        <source>Login tokens and the Kibo secret are kept in {name} in the data folder.</source>
        <translation>Die Anmeldung und das Kibo-Geheimnis werden in {name} im Datenordner aufbewahrt.</translation>
    </message>
    <message>
        <source>Make the file and its folder readable and writable for you, or delete the file, log in again and enter the Kibo secret again.</source>
        <translation>Sorgen Sie dafür, dass Sie die Datei und ihren Ordner lesen und schreiben dürfen, oder löschen Sie die Datei, melden Sie sich noch einmal an und geben Sie das Kibo-Geheimnis neu ein.</translation>
    </message>
    <message>
        <source>The file for secrets cannot be kept from other users here</source>
        <translation>Die Datei für Geheimnisse lässt sich hier nicht vor anderen Benutzern schützen</translation>
    </message>
    <message>
        <source>The rights of the folder {folder} could not be left to you alone, so nothing was written.</source>
        <translation>Die Rechte am Ordner {folder} ließen sich nicht auf Sie allein beschränken, deshalb wurde nichts geschrieben.</translation>
    </message>
    <message>
        <source>It must be a folder that only you can write to.</source>
        <translation>Es muss ein Ordner sein, in den nur Sie schreiben dürfen.</translation>
    </message>
    <message>
        <source>Look at what is in it, then take that right from them. It must be a folder that only you can write to.</source>
        <translation>Sehen Sie nach, was darin liegt, und entziehen Sie ihnen dann dieses Recht. Es muss ein Ordner sein, in den nur Sie schreiben dürfen.</translation>
    </message>
    <message>
        <source>The folder {named} is on a network drive</source>
        <translation>Der Ordner {named} liegt auf einem Netzlaufwerk</translation>
    </message>
    <message>
        <source>ccdesk&apos;s data file needs a disk of this computer: over a network two programs could not see each other&apos;s changes in time, and would damage it. Nothing was changed.</source>
        <translation>Die Datendatei von ccdesk braucht einen Datenträger dieses Computers: Über ein Netz würden zwei Programme die Änderungen des anderen nicht rechtzeitig sehen und die Datei beschädigen. Es wurde nichts geändert.</translation>
    </message>
    <message>
        <source>It must be a folder on this computer.</source>
        <translation>Es muss ein Ordner auf diesem Computer sein.</translation>
    </message>
    <message>
        <source>Other users of this computer can change the folder {base}</source>
        <translation>Andere Benutzer dieses Computers können den Ordner {base} ändern</translation>
    </message>
    <message>
        <source>ccdesk keeps the login, customers&apos; emails and what they agreed to in it, and trusts what it finds there. Nothing was read or changed.</source>
        <translation>ccdesk bewahrt darin die Anmeldung, die E-Mail-Adressen der Kunden und ihre Einwilligungen auf und vertraut dem, was es dort findet. Es wurde nichts gelesen oder geändert.</translation>
    </message>
    <message>
        <source>Kibo is not set up yet</source>
        <translation>Kibo ist noch nicht eingerichtet</translation>
    </message>
    <message>
        <source>The tenant id and the application key are needed to read customers.</source>
        <translation>Die Tenant-ID und der Anwendungsschlüssel werden gebraucht, um Kunden zu lesen.</translation>
    </message>
    <message>
        <source>ccdesk does not use them again. {problems}</source>
        <translation>ccdesk benutzt sie nicht mehr. {problems}</translation>
    </message>
    <message>
        <source>ccdesk does not use them again. Constant Contact has withdrawn them. {problems}</source>
        <translation>ccdesk benutzt sie nicht mehr. Constant Contact hat sie zurückgezogen. {problems}</translation>
    </message>
    <message>
        <source>You are logged out, but the tokens could not be removed</source>
        <translation>Sie sind abgemeldet, aber die Token ließen sich nicht entfernen</translation>
    </message>
    <message>
        <source>Remove the entries of ccdesk in the keyring by hand.</source>
        <translation>Entfernen Sie die Einträge von ccdesk im Schlüsselbund von Hand.</translation>
    </message>
    <message>
        <source>{problem}. {next_step}</source>
        <translation>{problem}. {next_step}</translation>
    </message>
    <message>
        <source>YES, later</source>
        <translation>JA, später</translation>
    </message>
    <message>
        <source>YES, earlier or not told</source>
        <translation>JA, früher oder Zeitpunkt unbekannt</translation>
    </message>
    <message>
        <source>NO, unanswered</source>
        <translation>NEIN, unbeantwortet</translation>
    </message>
    <message>
        <source>NO, answered</source>
        <translation>NEIN, beantwortet</translation>
    </message>
    <message>
        <source>NO, own sign-up later</source>
        <translation>NEIN, später selbst eingetragen</translation>
    </message>
    <message>
        <source>SILENT</source>
        <translation>OHNE AUSSAGE</translation>
    </message>
    <message>
        <source>NEVER</source>
        <translation>NIE</translation>
    </message>
    <message>
        <source>opted in in the shop and on the list</source>
        <translation>im Shop eingewilligt und auf der Liste</translation>
    </message>
    <message>
        <source>opted in in the shop; not in Constant Contact yet</source>
        <translation>im Shop eingewilligt; noch nicht in Constant Contact</translation>
    </message>
    <message>
        <source>opted in in the shop; not on the list yet</source>
        <translation>im Shop eingewilligt; noch nicht auf der Liste</translation>
    </message>
    <message>
        <source>opted in in the shop after leaving the list</source>
        <translation>im Shop eingewilligt, nachdem die Liste verlassen wurde</translation>
    </message>
    <message>
        <source>opted in in the shop after the contact was deleted in Constant Contact</source>
        <translation>im Shop eingewilligt, nachdem der Kontakt in Constant Contact gelöscht wurde</translation>
    </message>
    <message>
        <source>signed up in Constant Contact after opting out in the shop</source>
        <translation>hat sich nach dem Widerruf im Shop in Constant Contact eingetragen</translation>
    </message>
    <message>
        <source>opted out in the shop</source>
        <translation>im Shop widerrufen</translation>
    </message>
    <message>
        <source>unsubscribed in Constant Contact</source>
        <translation>in Constant Contact abbestellt</translation>
    </message>
    <message>
        <source>left the list in Constant Contact</source>
        <translation>hat die Liste in Constant Contact verlassen</translation>
    </message>
    <message>
        <source>opted in in the shop after unsubscribing; Constant Contact asks them to confirm</source>
        <translation>nach dem Abbestellen im Shop eingewilligt; Constant Contact bittet um Bestätigung</translation>
    </message>
    <message>
        <source>waiting for the person&apos;s confirmation</source>
        <translation>wartet auf die Bestätigung der Person</translation>
    </message>
    <message>
        <source>opted in in the shop after unsubscribing; the one confirmation was asked before</source>
        <translation>nach dem Abbestellen im Shop eingewilligt; um die eine Bestätigung wurde schon früher gebeten</translation>
    </message>
    <message>
        <source>opted out on both sides</source>
        <translation>auf beiden Seiten widerrufen</translation>
    </message>
    <message>
        <source>deleted in Constant Contact; only a new opt-in brings them back</source>
        <translation>in Constant Contact gelöscht; nur eine neue Einwilligung bringt die Person zurück</translation>
    </message>
    <message>
        <source>waiting in Constant Contact: confirmation, hold or no permission set</source>
        <translation>wartet in Constant Contact: Bestätigung, vorübergehend gesperrt oder keine Berechtigung gesetzt</translation>
    </message>
    <message>
        <source>left this list while another was in use</source>
        <translation>hat diese Liste verlassen, während eine andere benutzt wurde</translation>
    </message>
    <message>
        <source>opted out in the shop, put on the list by somebody else</source>
        <translation>im Shop widerrufen, von jemand anderem auf die Liste gesetzt</translation>
    </message>
    <message>
        <source>on the list, but no account of theirs agrees any more</source>
        <translation>auf der Liste, aber für kein Konto der Person gilt noch eine Einwilligung</translation>
    </message>
    <message>
        <source>opted out; a newer account with the same email opted in</source>
        <translation>widerrufen; ein neueres Konto mit derselben E-Mail-Adresse hat eingewilligt</translation>
    </message>
    <message>
        <source>refused by Constant Contact several times</source>
        <translation>von Constant Contact mehrmals abgelehnt</translation>
    </message>
    <message>
        <source>never opted in in the shop</source>
        <translation>nie im Shop eingewilligt</translation>
    </message>
    <message>
        <source>cannot be read</source>
        <translation>nicht lesbar</translation>
    </message>
    <message>
        <source>the outcome of an earlier step is not known yet</source>
        <translation>das Ergebnis eines früheren Schritts ist noch nicht bekannt</translation>
    </message>
    <message>
        <source>the list is gone from Constant Contact</source>
        <translation>die Liste gibt es in Constant Contact nicht mehr</translation>
    </message>
    <message>
        <source>called a mistake by staff, and not put back yet</source>
        <translation>von Mitarbeitern als Versehen bezeichnet und noch nicht zurückgesetzt</translation>
    </message>
    <message>
        <source>not on the list, though their opt-in was carried to it</source>
        <translation>nicht auf der Liste, obwohl die Einwilligung dorthin übernommen wurde</translation>
    </message>
    <message>
        <source>contact unreadable</source>
        <translation>Kontakt nicht lesbar</translation>
    </message>
    <message>
        <source>unsubscribed (deleted or not)</source>
        <translation>abbestellt (gelöscht oder nicht)</translation>
    </message>
    <message>
        <source>pending confirmation</source>
        <translation>wartet auf Bestätigung</translation>
    </message>
    <message>
        <source>left the list</source>
        <translation>hat die Liste verlassen</translation>
    </message>
    <message>
        <source>deleted, or absent after being there</source>
        <translation>gelöscht, oder war da und fehlt jetzt</translation>
    </message>
    <message>
        <source>hold, not set, unknown</source>
        <translation>vorübergehend gesperrt, nicht gesetzt, unbekannt</translation>
    </message>
    <message>
        <source>left while another list was active</source>
        <translation>hat sie verlassen, während eine andere Liste aktiv war</translation>
    </message>
    <message>
        <source>on the list</source>
        <translation>auf der Liste</translation>
    </message>
    <message>
        <source>in good standing, not on the list</source>
        <translation>in Ordnung, nicht auf der Liste</translation>
    </message>
    <message>
        <source>never there</source>
        <translation>nie da gewesen</translation>
    </message>
    <message>
        <source>the flag was seen switched on</source>
        <translation>gesehen, dass das Häkchen gesetzt wurde</translation>
    </message>
    <message>
        <source>the flag was seen switched off</source>
        <translation>gesehen, dass das Häkchen entfernt wurde</translation>
    </message>
    <message>
        <source>opted in when first read</source>
        <translation>beim ersten Lesen eingewilligt</translation>
    </message>
    <message>
        <source>not opted in when first read</source>
        <translation>beim ersten Lesen nicht eingewilligt</translation>
    </message>
    <message>
        <source>the flag had been switched off</source>
        <translation>das Häkchen war entfernt worden</translation>
    </message>
    <message>
        <source>opt-out of Constant Contact carried to Kibo</source>
        <translation>Widerruf aus Constant Contact in Kibo übernommen</translation>
    </message>
    <message>
        <source>put on the list by an export</source>
        <translation>durch einen Export auf die Liste gesetzt</translation>
    </message>
    <message>
        <source>staff answered: add</source>
        <translation>Mitarbeiter haben geantwortet: hinzufügen</translation>
    </message>
    <message>
        <source>staff answered: leave</source>
        <translation>Mitarbeiter haben geantwortet: weglassen</translation>
    </message>
    <message>
        <source>unsubscribed; the date is the contact&apos;s own</source>
        <translation>abbestellt; das Datum stammt vom Kontakt selbst</translation>
    </message>
    <message>
        <source>seen unsubscribed</source>
        <translation>als abbestellt vorgefunden</translation>
    </message>
    <message>
        <source>left the list: on it before, and not any more</source>
        <translation>hat die Liste verlassen: war vorher darauf und ist es nicht mehr</translation>
    </message>
    <message>
        <source>left the list or unsubscribed while Kibo did not show the customer</source>
        <translation>hat die Liste verlassen oder abbestellt, während Kibo den Kunden nicht zeigte</translation>
    </message>
    <message>
        <source>a contact who was not on the list at its first export: staff left them out</source>
        <translation>ein Kontakt, der beim ersten Export nicht auf der Liste war: von Mitarbeitern weggelassen</translation>
    </message>
    <message>
        <source>the contact was deleted in Constant Contact, or is gone</source>
        <translation>der Kontakt wurde in Constant Contact gelöscht oder ist nicht mehr da</translation>
    </message>
    <message>
        <source>signed up in Constant Contact</source>
        <translation>hat sich in Constant Contact eingetragen</translation>
    </message>
    <message>
        <source>confirmed the resubscribe</source>
        <translation>hat das erneute Abonnieren bestätigt</translation>
    </message>
    <message>
        <source>on the list again after an undo had taken them off</source>
        <translation>wieder auf der Liste, nachdem Rückgängigmachen die Person davon genommen hatte</translation>
    </message>
    <message>
        <source>on the list again while the opt-out was held</source>
        <translation>wieder auf der Liste, während der Widerruf zurückgehalten war</translation>
    </message>
    <message>
        <source>on the list again by an act of their own after the opt-out</source>
        <translation>nach dem Widerruf durch eigenes Handeln wieder auf der Liste</translation>
    </message>
    <message>
        <source>retry</source>
        <translation>erneut versuchen</translation>
    </message>
    <message>
        <source>remove</source>
        <translation>von der Liste nehmen</translation>
    </message>
    <message>
        <source>ask; asked and open: wait, named; asked before: nothing, named; opt out flags set earlier</source>
        <translation>um Bestätigung bitten; gebeten und offen: warten, genannt; früher gebeten: nichts, genannt; früher gesetzte Häkchen entfernen</translation>
    </message>
    <message>
        <source>opt out</source>
        <translation>Widerruf übernehmen</translation>
    </message>
    <message>
        <source>opt out flags still on</source>
        <translation>noch gesetzte Häkchen entfernen</translation>
    </message>
    <message>
        <source>opt out flags still on; member: named</source>
        <translation>noch gesetzte Häkchen entfernen; auf der Liste: genannt</translation>
    </message>
    <message>
        <source>agreed</source>
        <translation>einig</translation>
    </message>
    <message>
        <source>agreed; still shown on the list: remove</source>
        <translation>einig; noch auf der Liste gezeigt: davon nehmen</translation>
    </message>
    <message>
        <source>ignore</source>
        <translation>nicht beachten</translation>
    </message>
    <message>
        <source>hold</source>
        <translation>zurückhalten</translation>
    </message>
    <message>
        <source>hold, named</source>
        <translation>zurückhalten, genannt</translation>
    </message>
    <message>
        <source>hold, named if member</source>
        <translation>zurückhalten, genannt, wenn auf der Liste</translation>
    </message>
    <message>
        <source>remove if member, else agreed</source>
        <translation>wenn auf der Liste, davon nehmen, sonst einig</translation>
    </message>
    <message>
        <source>named if member</source>
        <translation>genannt, wenn auf der Liste</translation>
    </message>
    <message>
        <source>agreed; member: named</source>
        <translation>einig; auf der Liste: genannt</translation>
    </message>
    <message>
        <source>add if in good standing and not deleted since, else hold or tombstone; member: in step</source>
        <translation>hinzufügen, wenn in Ordnung und seither nicht gelöscht, sonst zurückhalten oder gelöscht lassen; auf der Liste: im Einklang</translation>
    </message>
    <message>
        <source>revive if implicit or explicit, else hold</source>
        <translation>wiederherstellen, wenn Berechtigung stillschweigend oder ausdrücklich, sonst zurückhalten</translation>
    </message>
    <message>
        <source>tombstone, named</source>
        <translation>gelöscht lassen, genannt</translation>
    </message>
    <message>
        <source>add</source>
        <translation>hinzufügen</translation>
    </message>
    <message>
        <source>left out, named</source>
        <translation>weggelassen, genannt</translation>
    </message>
    <message>
        <source>in step</source>
        <translation>im Einklang</translation>
    </message>
    <message>
        <source>named, never fought</source>
        <translation>genannt, nicht wieder entfernt</translation>
    </message>
    <message>
        <source>own dated sign-up: opt in; else named: nobody agrees any more</source>
        <translation>datierte eigene Eintragung: Einwilligung übernehmen; sonst genannt: niemand willigt mehr ein</translation>
    </message>
    <message>
        <source>opt in</source>
        <translation>Einwilligung übernehmen</translation>
    </message>
    <message>
        <source>own dated sign-up: opt in; else ignore</source>
        <translation>datierte eigene Eintragung: Einwilligung übernehmen; sonst nicht beachten</translation>
    </message>
    <message>
        <source>create</source>
        <translation>anlegen</translation>
    </message>
    <message>
        <source>Emails as they are, because you asked for it; names and addresses as pseudonyms.</source>
        <translation>E-Mail-Adressen im Klartext, weil Sie es so wollen; Namen und Anschriften als Pseudonyme.</translation>
    </message>
    <message>
        <source>Emails, names and addresses as pseudonyms, the same one throughout.</source>
        <translation>E-Mail-Adressen, Namen und Anschriften als Pseudonyme, überall dieselben.</translation>
    </message>
    <message>
        <source>Versions of ccdesk, Python and the operating system; settings without keys.</source>
        <translation>Die Versionen von ccdesk, Python und Betriebssystem; die Einstellungen ohne Schlüssel.</translation>
    </message>
    <message>
        <source>What ccdesk remembers: links, runs and their people, the queue, statements, commands.</source>
        <translation>Was ccdesk sich merkt: Verknüpfungen, Läufe und ihre Personen, die Warteschlange, Aussagen, Befehle.</translation>
    </message>
    <message>
        <source>Of recent runs: what was there before, and the calls to both services with what they answered.</source>
        <translation>Von den letzten Läufen: was vorher da war, und die Aufrufe beider Dienste mit ihren Antworten.</translation>
    </message>
    <message>
        <source>The newest calls, the end of the log, and where ccdesk was when it crashed, if it ever did.</source>
        <translation>Die neuesten Aufrufe, das Ende der Protokolldatei und, falls ccdesk je abgestürzt ist, an welcher Stelle.</translation>
    </message>
    <message>
        <source>Never: the login, tokens, the Kibo secret.</source>
        <translation>Niemals: die Anmeldung, Token, das Kibo-Geheimnis.</translation>
    </message>
    <message>
        <source>Opted out, but put back on the list by somebody else, and mailed. Take them off the list in Constant Contact or, if they agreed again, set the opt-in in Kibo.</source>
        <translation>Widerrufen, aber von jemand anderem wieder auf die Liste gesetzt, und bekommt E-Mails. Nehmen Sie die Person in Constant Contact von der Liste, oder setzen Sie die Einwilligung in Kibo, wenn sie wieder eingewilligt hat.</translation>
    </message>
    <message>
        <source>On the list, but no account agrees any more: it is disabled, gone, a guest&apos;s, has another email, or opted out under another one. Staff decide.</source>
        <translation>Auf der Liste, aber kein Konto hat noch eingewilligt: Es ist gesperrt, nicht mehr da, ein Gastkonto, hat eine andere E-Mail-Adresse oder hat unter einer anderen widerrufen. Mitarbeiter entscheiden.</translation>
    </message>
    <message>
        <source>The opt-out was called a mistake by staff; nothing is done while the sides differ.</source>
        <translation>Mitarbeiter haben den Widerruf als Versehen bezeichnet; es geschieht nichts, solange die Seiten voneinander abweichen.</translation>
    </message>
    <message>
        <source>The opt-out is held, for there were unusually many at once: it waits for an answer.</source>
        <translation>Der Widerruf wird zurückgehalten, weil es ungewöhnlich viele auf einmal waren: Er wartet auf eine Antwort.</translation>
    </message>
    <message>
        <source>Opted out in Kibo and still on the list: the next run takes them off.</source>
        <translation>In Kibo widerrufen und noch auf der Liste: Der nächste Lauf nimmt die Person davon.</translation>
    </message>
    <message>
        <source>Signed up in Constant Contact after opting out: the next run opts them in.</source>
        <translation>Hat sich nach dem Widerruf in Constant Contact eingetragen: Der nächste Lauf übernimmt die Einwilligung.</translation>
    </message>
    <message>
        <source>On the list though the box was never ticked in Kibo: put there by staff, or by a sign-up from before ccdesk. They are left alone.</source>
        <translation>Auf der Liste, obwohl das Häkchen in Kibo nie gesetzt war: von Mitarbeitern oder durch eine Eintragung aus der Zeit vor ccdesk. Das bleibt, wie es ist.</translation>
    </message>
    <message>
        <source>On the list without an account in Kibo: they are left alone.</source>
        <translation>Auf der Liste, ohne Konto in Kibo: Das bleibt, wie es ist.</translation>
    </message>
    <message>
        <source>Opted in in Kibo but unsubscribed in Constant Contact: the next run opts them out in Kibo.</source>
        <translation>In Kibo eingewilligt, aber in Constant Contact abbestellt: Der nächste Lauf übernimmt den Widerruf in Kibo.</translation>
    </message>
    <message>
        <source>Opted in in Kibo but left the list: the next run opts them out in Kibo.</source>
        <translation>In Kibo eingewilligt, hat aber die Liste verlassen: Der nächste Lauf übernimmt den Widerruf in Kibo.</translation>
    </message>
    <message>
        <source>Opted in again after unsubscribing: Constant Contact has asked them to confirm, unless the reason says otherwise.</source>
        <translation>Nach dem Abbestellen wieder eingewilligt: Constant Contact hat um Bestätigung gebeten, wenn der Grund nichts anderes sagt.</translation>
    </message>
    <message>
        <source>Opted in again after unsubscribing, and was asked to confirm once before: nobody is asked twice. They can sign up themselves on a Constant Contact form.</source>
        <translation>Nach dem Abbestellen wieder eingewilligt, und um Bestätigung wurde schon einmal gebeten: Niemand wird zweimal gebeten. Die Person kann sich selbst über ein Formular von Constant Contact eintragen.</translation>
    </message>
    <message>
        <source>Opted in in Kibo, deleted in Constant Contact: only a new opt-in brings them back.</source>
        <translation>In Kibo eingewilligt, in Constant Contact gelöscht: Nur eine neue Einwilligung bringt die Person zurück.</translation>
    </message>
    <message>
        <source>Opted in in Kibo, but pending, on hold or without permission in Constant Contact: nothing is done until that changes there.</source>
        <translation>In Kibo eingewilligt, in Constant Contact aber unbestätigt, vorübergehend gesperrt oder ohne Berechtigung: Es geschieht nichts, bis sich das dort ändert.</translation>
    </message>
    <message>
        <source>Left out of the list: they may have left it before its first export, or while another was in use. A new opt-in adds them.</source>
        <translation>Nicht auf die Liste gesetzt: Die Person hat sie vielleicht vor dem ersten Export verlassen, oder während eine andere benutzt wurde. Mit einer neuen Einwilligung wird sie hinzugefügt.</translation>
    </message>
    <message>
        <source>What a run had done for them was undone: they stay so until they opt in anew in Kibo or sign up themselves.</source>
        <translation>Was ein Lauf für die Person getan hatte, wurde rückgängig gemacht: Dabei bleibt es, bis sie in Kibo neu einwilligt oder sich selbst einträgt.</translation>
    </message>
    <message>
        <source>Opted out before a newer account with the same email opted in: staff add or leave them.</source>
        <translation>Widerrufen, bevor ein neueres Konto mit derselben E-Mail-Adresse eingewilligt hat: Mitarbeiter fügen es hinzu oder lassen es weg.</translation>
    </message>
    <message>
        <source>Opted in in Kibo, but the email cannot be sent to Constant Contact: correct it in Kibo.</source>
        <translation>In Kibo eingewilligt, aber die E-Mail-Adresse kann nicht an Constant Contact gesendet werden: Berichtigen Sie sie in Kibo.</translation>
    </message>
    <message>
        <source>The change was refused and waits for a person in the queue of changes.</source>
        <translation>Die Änderung wurde abgelehnt und wartet in der Warteschlange der Änderungen auf einen Menschen.</translation>
    </message>
    <message>
        <source>Opted in in Kibo and not on the list yet: the next export or run adds them.</source>
        <translation>In Kibo eingewilligt und noch nicht auf der Liste: Der nächste Export oder Lauf fügt die Person hinzu.</translation>
    </message>
    <message>
        <source>Changed in Kibo since the last run: the next one decides.</source>
        <translation>Seit dem letzten Lauf in Kibo geändert: Der nächste entscheidet.</translation>
    </message>
    <message>
        <source>The account or contact cannot be read, so nothing is done.</source>
        <translation>Das Konto oder der Kontakt ist nicht lesbar, deshalb geschieht nichts.</translation>
    </message>
    <message>
        <source>Staff have looked at the difference and left it as it is. It is named again once either side changes.</source>
        <translation>Mitarbeiter haben sich die Abweichung angesehen und sie so gelassen. Sie wird wieder genannt, sobald sich eine Seite ändert.</translation>
    </message>
    <message>
        <source>{reason}; {left}</source>
        <translation>{reason}; {left}</translation>
    </message>
    <message>
        <source>left as it is on {date} by staff</source>
        <translation>am {date} von Mitarbeitern so gelassen</translation>
    </message>
    <message>
        <source>Something went wrong</source>
        <translation>Etwas ist schiefgegangen</translation>
    </message>
    <message>
        <source>A setting is missing or not valid</source>
        <translation>Eine Einstellung fehlt oder ist ungültig</translation>
    </message>
    <message>
        <source>Log in to Constant Contact</source>
        <translation>Bei Constant Contact anmelden</translation>
    </message>
    <message>
        <source>ccdesk has no valid login to Constant Contact, so nothing can be read or sent.</source>
        <translation>ccdesk hat keine gültige Anmeldung bei Constant Contact, deshalb kann nichts gelesen oder gesendet werden.</translation>
    </message>
    <message>
        <source>A service could not be used</source>
        <translation>Ein Dienst konnte nicht benutzt werden</translation>
    </message>
    <message>
        <source>The service cannot be reached</source>
        <translation>Der Dienst ist nicht erreichbar</translation>
    </message>
    <message>
        <source>No usable answer came back. Nothing was lost; what is waiting stays in the queue.</source>
        <translation>Es kam keine brauchbare Antwort. Es ging nichts verloren; was wartet, bleibt in der Warteschlange.</translation>
    </message>
    <message>
        <source>Check the network connection and the address, then try again.</source>
        <translation>Prüfen Sie die Netzwerkverbindung und die Adresse, und versuchen Sie es dann erneut.</translation>
    </message>
    <message>
        <source>The service refused</source>
        <translation>Der Dienst hat abgelehnt</translation>
    </message>
    <message>
        <source>The proxy does not let ccdesk through</source>
        <translation>Der Proxy lässt ccdesk nicht durch</translation>
    </message>
    <message>
        <source>The service asks to slow down</source>
        <translation>Der Dienst bittet um weniger Tempo</translation>
    </message>
    <message>
        <source>Too many calls in a short time. Nothing was lost.</source>
        <translation>Zu viele Aufrufe in kurzer Zeit. Es ging nichts verloren.</translation>
    </message>
    <message>
        <source>It goes on by itself in a while.</source>
        <translation>In einer Weile geht es von selbst weiter.</translation>
    </message>
    <message>
        <source>It goes on by itself after {time}.</source>
        <translation>Nach {time} geht es von selbst weiter.</translation>
    </message>
    <message>
        <source>Today&apos;s calls to Constant Contact are used up</source>
        <translation>Die heutigen Aufrufe von Constant Contact sind aufgebraucht</translation>
    </message>
    <message>
        <source>Constant Contact allows a number of calls a day for each API key. Nothing was lost.</source>
        <translation>Constant Contact erlaubt für jeden API-Schlüssel eine bestimmte Zahl von Aufrufen am Tag. Es ging nichts verloren.</translation>
    </message>
    <message>
        <source>This one could not be done</source>
        <translation>Dieser Fall konnte nicht erledigt werden</translation>
    </message>
    <message>
        <source>Something went wrong in ccdesk with this one</source>
        <translation>In ccdesk ist bei dieser Person etwas schiefgegangen</translation>
    </message>
    <message>
        <source>Nothing more was done about them, so that nothing is lost. The others were done.</source>
        <translation>Für sie wurde nichts weiter getan, damit nichts verloren geht. Alle anderen sind erledigt.</translation>
    </message>
    <message>
        <source>Save diagnostics and send them to support; try this one again after an update.</source>
        <translation>Speichern Sie die Diagnose und senden Sie sie dem Support; versuchen Sie es nach einem Update erneut.</translation>
    </message>
    <message>
        <source>The service&apos;s answer about this one cannot be used</source>
        <translation>Die Antwort des Dienstes zu diesem Fall ist nicht brauchbar</translation>
    </message>
    <message>
        <source>What it says of the opt-in, the email or the lists cannot be read. Nothing was lost.</source>
        <translation>Was sie über Einwilligung, E-Mail-Adresse oder Listen sagt, ist nicht lesbar. Es ging nichts verloren.</translation>
    </message>
    <message>
        <source>It is asked about again; if this stays, look at the account or contact there.</source>
        <translation>Es wird noch einmal nachgefragt; wenn es dabei bleibt, sehen Sie sich das Konto oder den Kontakt dort an.</translation>
    </message>
    <message>
        <source>The customer has just taken another email in Kibo</source>
        <translation>Der Kunde hat in Kibo gerade eine andere E-Mail-Adresse bekommen</translation>
    </message>
    <message>
        <source>The opt-in was not written: it was given for the email before.</source>
        <translation>Die Einwilligung wurde nicht geschrieben: Sie galt für die vorherige E-Mail-Adresse.</translation>
    </message>
    <message>
        <source>Not found</source>
        <translation>Nicht gefunden</translation>
    </message>
    <message>
        <source>Only one run at a time can work on the same data. It is held by: {holder}.</source>
        <translation>An denselben Daten kann immer nur ein Lauf arbeiten. Zurzeit arbeitet daran: {holder}.</translation>
    </message>
    <message>
        <source>Another run is in progress</source>
        <translation>Ein anderer Lauf ist im Gange</translation>
    </message>
    <message>
        <source>Only one run at a time can work on the same data.</source>
        <translation>An denselben Daten kann immer nur ein Lauf arbeiten.</translation>
    </message>
    <message>
        <source>Wait until it has finished, or cancel it where it runs, then try again.</source>
        <translation>Warten Sie, bis er fertig ist, oder brechen Sie ihn dort ab, wo er läuft, und versuchen Sie es dann erneut.</translation>
    </message>
    <message>
        <source>Cancelled</source>
        <translation>Abgebrochen</translation>
    </message>
    <message>
        <source>The run stopped when asked. What was done so far stands.</source>
        <translation>Der Lauf wurde auf Wunsch angehalten. Was bis dahin getan war, bleibt bestehen.</translation>
    </message>
    <message>
        <source>Please confirm</source>
        <translation>Bitte bestätigen Sie</translation>
    </message>
    <message>
        <source>The contact list is gone from Constant Contact</source>
        <translation>Die Kontaktliste gibt es in Constant Contact nicht mehr</translation>
    </message>
    <message>
        <source>The list chosen in the settings no longer exists there, so nothing was sent or removed.</source>
        <translation>Die in den Einstellungen gewählte Liste gibt es dort nicht mehr, deshalb wurde nichts gesendet oder entfernt.</translation>
    </message>
    <message>
        <source>The data file cannot be used</source>
        <translation>Die Datendatei kann nicht benutzt werden</translation>
    </message>
    <message>
        <source>Check that the folder can be written and the disk is not full.</source>
        <translation>Prüfen Sie, ob der Ordner beschreibbar und auf dem Datenträger noch Platz ist.</translation>
    </message>
    <message>
        <source>The system&apos;s keyring cannot be used</source>
        <translation>Der Schlüsselbund des Systems kann nicht benutzt werden</translation>
    </message>
    <message>
        <source>Login tokens and the Kibo secret are kept there, so they could not be read or saved.</source>
        <translation>Die Anmeldung und das Kibo-Geheimnis werden dort aufbewahrt, deshalb konnten sie nicht gelesen oder gespeichert werden.</translation>
    </message>
    <message>
        <source>Unlock or install a keyring.</source>
        <translation>Entsperren oder installieren Sie einen Schlüsselbund.</translation>
    </message>
    <message>
        <source>Something went wrong in ccdesk</source>
        <translation>In ccdesk ist etwas schiefgegangen</translation>
    </message>
    <message>
        <source>the variable HTTPS_PROXY or the system&apos;s settings</source>
        <translation>der Variablen HTTPS_PROXY oder den Systemeinstellungen</translation>
    </message>
    <message>
        <source>{service} cannot be reached through the proxy {proxy}</source>
        <translation>{service} ist über den Proxy {proxy} nicht erreichbar</translation>
    </message>
    <message>
        <source>Check the network connection and the proxy&apos;s address in {where}, then try again.</source>
        <translation>Prüfen Sie die Netzwerkverbindung und die Adresse des Proxys in {where}, und versuchen Sie es dann erneut.</translation>
    </message>
    <message>
        <source>The proxy {name} wants a valid user name and password</source>
        <translation>Der Proxy {name} verlangt einen gültigen Benutzernamen und ein Passwort</translation>
    </message>
    <message>
        <source>Nothing came through to {service}. ccdesk does not repeat this by itself, because proxies lock users out after a few wrong passwords.</source>
        <translation>Zu {service} kam nichts durch. ccdesk wiederholt das nicht von selbst, denn Proxys sperren Benutzer nach einigen falschen Passwörtern aus.</translation>
    </message>
    <message>
        <source>Put name and password into the proxy&apos;s address in {where}, as in http://NAME:PASSWORD@proxy.example:3128, and start ccdesk again.</source>
        <translation>Tragen Sie Name und Passwort in die Adresse des Proxys in {where} ein, so wie in http://NAME:PASSWORD@proxy.example:3128, und starten Sie ccdesk neu.</translation>
    </message>
    <message>
        <source>The proxy {name} does not let ccdesk through</source>
        <translation>Der Proxy {name} lässt ccdesk nicht durch</translation>
    </message>
    <message>
        <source>It refused the way to {place} ({status}). Nothing was sent.</source>
        <translation>Er hat den Weg zu {place} verweigert ({status}). Es wurde nichts gesendet.</translation>
    </message>
    <message>
        <source>Ask whoever runs the proxy to allow this address.</source>
        <translation>Bitten Sie die Stelle, die den Proxy betreibt, diese Adresse zu erlauben.</translation>
    </message>
    <message>
        <source>Contact List Name</source>
        <translation>Name der Kontaktliste</translation>
    </message>
    <message>
        <source>Send welcome email to customer on signup</source>
        <translation>Nach dem Eintragen Begrüßungs-E-Mail senden</translation>
    </message>
    <message>
        <source>Specify From and ReplyTo email for Campaigns</source>
        <translation>Absender und Antwortadresse für Kampagnen festlegen</translation>
    </message>
    <message>
        <source>Enabled</source>
        <translation>Eingeschaltet</translation>
    </message>
    <message>
        <source>Kibo home address</source>
        <translation>Kibo-Home-Adresse</translation>
    </message>
    <message>
        <source>Kibo tenant address</source>
        <translation>Kibo-Tenant-Adresse</translation>
    </message>
    <message>
        <source>Kibo tenant id</source>
        <translation>Kibo-Tenant-ID</translation>
    </message>
    <message>
        <source>Kibo application key</source>
        <translation>Kibo-Anwendungsschlüssel</translation>
    </message>
    <message>
        <source>Constant Contact API key</source>
        <translation>API-Schlüssel von Constant Contact</translation>
    </message>
    <message>
        <source>Constant Contact API address</source>
        <translation>API-Adresse von Constant Contact</translation>
    </message>
    <message>
        <source>Constant Contact login address</source>
        <translation>Anmeldeadresse von Constant Contact</translation>
    </message>
    <message>
        <source>Export guests who opted in</source>
        <translation>Gäste exportieren, die eingewilligt haben</translation>
    </message>
    <message>
        <source>Days to keep runs and processed events</source>
        <translation>Tage, die Läufe und verarbeitete Ereignisse aufbewahrt werden</translation>
    </message>
    <message>
        <source>There is no setting “{key}”</source>
        <translation>Es gibt keine Einstellung „{key}“</translation>
    </message>
    <message>
        <source>The settings are: {keys}.</source>
        <translation>Die Einstellungen sind: {keys}.</translation>
    </message>
    <message>
        <source>The value for “{label}” is not valid</source>
        <translation>Der Wert für „{label}“ ist ungültig</translation>
    </message>
    <message>
        <source>The stored value for “{label}” is not valid</source>
        <translation>Der gespeicherte Wert für „{label}“ ist ungültig</translation>
    </message>
    <message>
        <source>The file cannot be written</source>
        <translation>Die Datei kann nicht geschrieben werden</translation>
    </message>
    <message>
        <source>Choose another folder, or close the file if another program has it open.</source>
        <translation>Wählen Sie einen anderen Ordner, oder schließen Sie die Datei, falls ein anderes Programm sie geöffnet hat.</translation>
    </message>
    <message>
        <source>The system refused it.</source>
        <translation>Das System hat es abgelehnt.</translation>
    </message>
    <message>
        <source>{run}: started</source>
        <translation>{run}: begonnen</translation>
    </message>
    <message>
        <source>{run}: {ending}. {counts}</source>
        <translation>{run}: {ending}. {counts}</translation>
    </message>
    <message>
        <source>ccdesk keeps running</source>
        <translation>ccdesk läuft weiter</translation>
    </message>
    <message>
        <source>It syncs on without its window. Click its icon here to open it again; Quit is in the icon&apos;s menu.</source>
        <translation>Es gleicht auch ohne sein Fenster weiter ab. Klicken Sie hier auf das Symbol, um es wieder zu öffnen; „Beenden“ steht im Menü des Symbols.</translation>
    </message>
    <message>
        <source>Status</source>
        <translation>Status</translation>
    </message>
    <message>
        <source>Run Date</source>
        <translation>Datum des Laufs</translation>
    </message>
    <message>
        <source>Logs</source>
        <translation>Protokoll</translation>
    </message>
    <message>
        <source>View</source>
        <translation>Ansehen</translation>
    </message>
    <message>
        <source>Show what this run saw</source>
        <translation>Zeigen, was dieser Lauf gesehen hat</translation>
    </message>
    <message>
        <source>Kind</source>
        <translation>Art</translation>
    </message>
    <message>
        <source>Run</source>
        <translation>Lauf</translation>
    </message>
    <message>
        <source>Total Contacts</source>
        <translation>Kontakte gesamt</translation>
    </message>
    <message>
        <source>Errors</source>
        <translation>Fehler</translation>
    </message>
    <message>
        <source>Show the error messages</source>
        <translation>Die Fehlermeldungen zeigen</translation>
    </message>
    <message>
        <source>Event Id</source>
        <translation>Ereignis-ID</translation>
    </message>
    <message>
        <source>Object Id</source>
        <translation>Objekt-ID</translation>
    </message>
    <message>
        <source>Created Date</source>
        <translation>Erstellt am</translation>
    </message>
    <message>
        <source>Email</source>
        <translation>E-Mail-Adresse</translation>
    </message>
    <message>
        <source>(none)</source>
        <translation>(keine)</translation>
    </message>
    <message>
        <source>Customer</source>
        <translation>Kunde</translation>
    </message>
    <message>
        <source>Outcome</source>
        <translation>Ergebnis</translation>
    </message>
    <message>
        <source>Reason</source>
        <translation>Grund</translation>
    </message>
    <message>
        <source>What they did</source>
        <translation>Was sie getan haben</translation>
    </message>
    <message>
        <source>Message</source>
        <translation>Meldung</translation>
    </message>
    <message>
        <source>Code</source>
        <translation>Code</translation>
    </message>
    <message>
        <source>Processed.</source>
        <translation>Verarbeitet.</translation>
    </message>
    <message>
        <source>Processed {time}.</source>
        <translation>Verarbeitet: {time}.</translation>
    </message>
    <message>
        <source>no reason was given</source>
        <translation>es wurde kein Grund angegeben</translation>
    </message>
    <message>
        <source>Needs your attention: {why}</source>
        <translation>Braucht Ihre Aufmerksamkeit: {why}</translation>
    </message>
    <message>
        <source>at the next run</source>
        <translation>beim nächsten Lauf</translation>
    </message>
    <message numerus="yes">
        <source>Temporary problem ({n} tries). Next try {time}.</source>
        <comment>Temporary problem ({n} try). Next try {time}.</comment>
        <translation>
            <numerusform>Vorübergehendes Problem ({n} Versuch). Nächster Versuch: {time}.</numerusform>
            <numerusform>Vorübergehendes Problem ({n} Versuche). Nächster Versuch: {time}.</numerusform>
        </translation>
    </message>
    <message>
        <source>Waits for the next run.</source>
        <translation>Wartet auf den nächsten Lauf.</translation>
    </message>
    <message>
        <source>Set outside ccdesk on this computer, so it cannot be changed here</source>
        <translation>Außerhalb von ccdesk auf diesem Computer festgelegt und deshalb hier nicht änderbar</translation>
    </message>
    <message>
        <source>expanded</source>
        <translation>ausgeklappt</translation>
    </message>
    <message>
        <source>collapsed</source>
        <translation>eingeklappt</translation>
    </message>
    <message>
        <source>Open the Info tab and click “Log in to Constant Contact”.</source>
        <translation>Öffnen Sie die Registerkarte „Info“ und klicken Sie auf „Bei Constant Contact anmelden“.</translation>
    </message>
    <message>
        <source>The key goes on the Info tab, under Constant Contact.</source>
        <translation>Der Schlüssel gehört auf die Registerkarte „Info“, unter „Constant Contact“.</translation>
    </message>
    <message>
        <source>Fill in the Kibo connection on the Info tab.</source>
        <translation>Füllen Sie auf der Registerkarte „Info“ die Kibo-Verbindung aus.</translation>
    </message>
    <message>
        <source>Enter the application key and the shared secret on the Info tab.</source>
        <translation>Geben Sie auf der Registerkarte „Info“ den Anwendungsschlüssel und das gemeinsame Geheimnis ein.</translation>
    </message>
    <message>
        <source>Enter the Kibo tenant address on the Info tab, under Advanced.</source>
        <translation>Geben Sie auf der Registerkarte „Info“ unter „Erweitert“ die Kibo-Tenant-Adresse ein.</translation>
    </message>
    <message>
        <source>Check the keys, addresses and permissions on the Info tab.</source>
        <translation>Prüfen Sie auf der Registerkarte „Info“ die Schlüssel, Adressen und Berechtigungen.</translation>
    </message>
    <message>
        <source>Choose or create a list on the Settings tab.</source>
        <translation>Wählen oder erstellen Sie auf der Registerkarte „Einstellungen“ eine Liste.</translation>
    </message>
    <message>
        <source>Choose a confirmed address on the Settings tab.</source>
        <translation>Wählen Sie auf der Registerkarte „Einstellungen“ eine bestätigte Adresse.</translation>
    </message>
    <message>
        <source>Nothing more happens until you answer.</source>
        <translation>Bis Sie antworten, geschieht nichts weiter.</translation>
    </message>
    <message>
        <source>Click Sync Contacts on the Sync tab, and choose whether they are left out or added.</source>
        <translation>Klicken Sie auf der Registerkarte „Abgleich“ auf „Kontakte abgleichen“, und wählen Sie, ob diese Personen weggelassen oder hinzugefügt werden.</translation>
    </message>
    <message>
        <source>Choose whether they are sent, or these people are added without.</source>
        <translation>Wählen Sie, ob sie gesendet oder diese Personen ohne sie hinzugefügt werden.</translation>
    </message>
    <message>
        <source>If it has to be another folder, ask whoever installed ccdesk on this computer.</source>
        <translation>Wenn es ein anderer Ordner sein muss, fragen Sie die Person, die ccdesk auf diesem Computer installiert hat.</translation>
    </message>
    <message>
        <source>Whoever installed ccdesk here can also have a protected file used instead.</source>
        <translation>Wer ccdesk hier installiert hat, kann stattdessen auch eine geschützte Datei benutzen lassen.</translation>
    </message>
    <message>
        <source>Ask whoever installed ccdesk on this computer: it is set outside the program.</source>
        <translation>Fragen Sie die Person, die ccdesk auf diesem Computer installiert hat: Es wird außerhalb des Programms festgelegt.</translation>
    </message>
    <message>
        <source>Ask whoever installed ccdesk on this computer to use Windows&apos; own store instead.</source>
        <translation>Bitten Sie die Person, die ccdesk auf diesem Computer installiert hat, stattdessen den Windows-eigenen Speicher zu benutzen.</translation>
    </message>
    <message>
        <source>Ask whoever installed ccdesk on this computer to change it.</source>
        <translation>Bitten Sie die Person, die ccdesk auf diesem Computer installiert hat, es zu ändern.</translation>
    </message>
    <message>
        <source>Enter it anew on the Info or the Settings tab, and save. If it is on neither, ask whoever installed ccdesk on this computer to set it anew.</source>
        <translation>Geben Sie ihn auf der Registerkarte „Info“ oder „Einstellungen“ neu ein und speichern Sie. Steht er auf keiner von beiden, bitten Sie die Person, die ccdesk auf diesem Computer installiert hat, ihn neu zu setzen.</translation>
    </message>
    <message>
        <source>Send the log file to support.</source>
        <translation>Senden Sie die Protokolldatei an den Support.</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>Öffnen</translation>
    </message>
    <message>
        <source>Technical &amp;details</source>
        <translation>Technische &amp;Details</translation>
    </message>
    <message>
        <source>Technical details</source>
        <translation>Technische Details</translation>
    </message>
    <message>
        <source>Close this message</source>
        <translation>Diese Meldung schließen</translation>
    </message>
    <message>
        <source>{what}: {title}</source>
        <translation>{what}: {title}</translation>
    </message>
    <message>
        <source>Constant Contact Settings</source>
        <translation>Constant Contact-Einstellungen</translation>
    </message>
    <message>
        <source>&amp;Copy Rows with Headings</source>
        <translation>Zeilen mit Überschriften &amp;kopieren</translation>
    </message>
    <message>
        <source>Copy This C&amp;ell</source>
        <translation>Diese Z&amp;elle kopieren</translation>
    </message>
    <message>
        <source>Loading…</source>
        <translation>Wird geladen…</translation>
    </message>
    <message>
        <source>This writes one file with what support needs to see what happened and to play it back on their own computer. Nothing is sent anywhere: you decide who gets the file.</source>
        <translation>Dies schreibt eine Datei mit dem, was der Support braucht, um zu sehen, was geschehen ist, und es auf dem eigenen Computer nachzuspielen. Es wird nichts verschickt: Sie entscheiden, wer die Datei bekommt.</translation>
    </message>
    <message>
        <source>Save Diagnostics</source>
        <translation>Diagnosedatei speichern</translation>
    </message>
    <message>
        <source> days</source>
        <translation> Tage</translation>
    </message>
    <message>
        <source>How many days back</source>
        <translation>Wie viele Tage zurück</translation>
    </message>
    <message>
        <source>Everybody, or an email or customer id</source>
        <translation>Alle, oder eine E-Mail-Adresse oder Kundennummer</translation>
    </message>
    <message>
        <source>Only what is about one person</source>
        <translation>Nur was eine Person betrifft</translation>
    </message>
    <message>
        <source>Include &amp;emails as they are</source>
        <translation>E-Mail-Adr&amp;essen im Klartext aufnehmen</translation>
    </message>
    <message>
        <source>Only if support asks for it: the file then holds your customers&apos; emails.</source>
        <translation>Nur wenn der Support darum bittet: Die Datei enthält dann die E-Mail-Adressen Ihrer Kunden.</translation>
    </message>
    <message>
        <source>&amp;Save…</source>
        <translation>&amp;Speichern…</translation>
    </message>
    <message numerus="yes">
        <source>Support can play back {n} runs.</source>
        <comment>Support can play back {n} run.</comment>
        <translation>
            <numerusform>Der Support kann {n} Lauf nachspielen.</numerusform>
            <numerusform>Der Support kann {n} Läufe nachspielen.</numerusform>
        </translation>
    </message>
    <message>
        <source>ccdesk keeps marketing consent the same in Kibo eCommerce and Constant Contact: a person is mailed if and only if they agreed to it.</source>
        <translation>ccdesk hält die Einwilligung in Werbung in Kibo eCommerce und Constant Contact gleich: Jemand bekommt genau dann E-Mails, wenn er eingewilligt hat.</translation>
    </message>
    <message>
        <source>About ccdesk</source>
        <translation>Über ccdesk</translation>
    </message>
    <message>
        <source>&amp;Close</source>
        <translation>S&amp;chließen</translation>
    </message>
    <message>
        <source>Open log &amp;folder</source>
        <translation>&amp;Protokollordner öffnen</translation>
    </message>
    <message>
        <source>Where the log and all other data are</source>
        <translation>Wo das Protokoll und alle anderen Daten liegen</translation>
    </message>
    <message>
        <source>Check for &amp;Updates</source>
        <translation>Nach &amp;Updates suchen</translation>
    </message>
    <message>
        <source>Asking {host}…</source>
        <translation>{host} wird gefragt…</translation>
    </message>
    <message>
        <source>ccdesk {version} is the newest version</source>
        <translation>ccdesk {version} ist die neueste Version</translation>
    </message>
    <message>
        <source>Open the &amp;Page</source>
        <translation>&amp;Seite öffnen</translation>
    </message>
    <message>
        <source>&amp;Of the last</source>
        <translation>&amp;Die letzten</translation>
    </message>
    <message>
        <source>Only a&amp;bout</source>
        <translation>Nur ü&amp;ber</translation>
    </message>
    <message>
        <source>What goes in</source>
        <translation>Was hineinkommt</translation>
    </message>
    <message>
        <source>Saving…</source>
        <translation>Wird gespeichert…</translation>
    </message>
    <message numerus="yes">
        <source>{n} runs can only be looked at.</source>
        <comment>{n} run can only be looked at.</comment>
        <translation>
            <numerusform>{n} Lauf lässt sich nur ansehen.</numerusform>
            <numerusform>{n} Läufe lassen sich nur ansehen.</numerusform>
        </translation>
    </message>
    <message>
        <source>Saved: {file}</source>
        <translation>Gespeichert: {file}</translation>
    </message>
    <message>
        <source>Show &amp;Folder</source>
        <translation>&amp;Ordner zeigen</translation>
    </message>
    <message>
        <source>Do the runs that put this kind right, by their ordinary rules; what else is due they do, too</source>
        <translation>Die Läufe starten, die diese Art richtigstellen, nach ihren üblichen Regeln; was sonst ansteht, erledigen sie mit</translation>
    </message>
    <message>
        <source>Put the people chosen right by the ordinary rules, and nobody else</source>
        <translation>Die gewählten Personen nach den üblichen Regeln richtigstellen, und sonst niemanden</translation>
    </message>
    <message>
        <source>Name them as left as they are, and need nobody for them, until either side changes</source>
        <translation>Sie als „so gelassen“ nennen und niemanden mehr für sie brauchen, bis sich eine Seite ändert</translation>
    </message>
    <message>
        <source>Name them again as what they were left as</source>
        <translation>Sie wieder als das nennen, als was sie so gelassen wurden</translation>
    </message>
    <message>
        <source>Choose at most {most} people, or none to put the whole kind right</source>
        <translation>Wählen Sie höchstens {most} Personen, oder keine, um die ganze Art richtigzustellen</translation>
    </message>
    <message>
        <source>Both services were read as they are now. Nothing was written to either.</source>
        <translation>Beide Dienste wurden gelesen, wie sie jetzt sind. In keinen wurde geschrieben.</translation>
    </message>
    <message>
        <source>Both sides are in step</source>
        <translation>Beide Seiten sind im Einklang</translation>
    </message>
    <message>
        <source>Nobody differs.</source>
        <translation>Es gibt keine Abweichung.</translation>
    </message>
    <message>
        <source>Opted out, put back on the list</source>
        <translation>Widerrufen, wieder auf die Liste gesetzt</translation>
    </message>
    <message>
        <source>On the list, nobody agrees any more</source>
        <translation>Auf der Liste, keine Einwilligung mehr</translation>
    </message>
    <message>
        <source>Opt-out called a mistake</source>
        <translation>Widerruf als Versehen bezeichnet</translation>
    </message>
    <message>
        <source>Opt-out held</source>
        <translation>Widerruf zurückgehalten</translation>
    </message>
    <message>
        <source>Opted out, still on the list</source>
        <translation>Widerrufen, noch auf der Liste</translation>
    </message>
    <message>
        <source>Signed up, not opted in yet</source>
        <translation>Eingetragen, noch nicht eingewilligt</translation>
    </message>
    <message>
        <source>On the list, never opted in</source>
        <translation>Auf der Liste, nie eingewilligt</translation>
    </message>
    <message>
        <source>On the list, no account</source>
        <translation>Auf der Liste, kein Konto</translation>
    </message>
    <message>
        <source>Unsubscribed, opted in</source>
        <translation>Abbestellt, eingewilligt</translation>
    </message>
    <message>
        <source>Left the list, opted in</source>
        <translation>Liste verlassen, eingewilligt</translation>
    </message>
    <message>
        <source>Asked to confirm</source>
        <translation>Um Bestätigung gebeten</translation>
    </message>
    <message>
        <source>Was asked to confirm before</source>
        <translation>Schon früher um Bestätigung gebeten</translation>
    </message>
    <message>
        <source>Deleted in Constant Contact</source>
        <translation>In Constant Contact gelöscht</translation>
    </message>
    <message>
        <source>Waiting in Constant Contact</source>
        <translation>Wartet in Constant Contact</translation>
    </message>
    <message>
        <source>Left out of the list</source>
        <translation>Nicht auf die Liste gesetzt</translation>
    </message>
    <message>
        <source>Undone</source>
        <translation>Rückgängig gemacht</translation>
    </message>
    <message>
        <source>Newer account opted in</source>
        <translation>Neueres Konto hat eingewilligt</translation>
    </message>
    <message>
        <source>Email cannot be sent</source>
        <translation>E-Mail-Adresse nicht sendbar</translation>
    </message>
    <message>
        <source>Refused</source>
        <translation>Abgelehnt</translation>
    </message>
    <message>
        <source>Not on the list yet</source>
        <translation>Noch nicht auf der Liste</translation>
    </message>
    <message>
        <source>Changed since the last run</source>
        <translation>Seit dem letzten Lauf geändert</translation>
    </message>
    <message>
        <source>Cannot be read</source>
        <translation>Nicht lesbar</translation>
    </message>
    <message>
        <source>Left as it is</source>
        <translation>So gelassen</translation>
    </message>
    <message>
        <source>Difference</source>
        <translation>Abweichung</translation>
    </message>
    <message>
        <source>People</source>
        <translation>Personen</translation>
    </message>
    <message>
        <source>Compare both sides</source>
        <translation>Beide Seiten vergleichen</translation>
    </message>
    <message>
        <source>Kinds of difference</source>
        <translation>Arten der Abweichung</translation>
    </message>
    <message>
        <source>People about whom both sides differ</source>
        <translation>Personen, bei denen beide Seiten voneinander abweichen</translation>
    </message>
    <message>
        <source>Why the person chosen is mailed or not</source>
        <translation>Warum die gewählte Person E-Mails bekommt oder nicht</translation>
    </message>
    <message>
        <source>&amp;Why…</source>
        <translation>&amp;Warum…</translation>
    </message>
    <message>
        <source>&amp;Put Right Now</source>
        <translation>&amp;Jetzt richtigstellen</translation>
    </message>
    <message>
        <source>Leave As &amp;It Is</source>
        <translation>S&amp;o lassen</translation>
    </message>
    <message>
        <source>&amp;Name Again</source>
        <translation>Wieder &amp;nennen</translation>
    </message>
    <message>
        <source>Compare &amp;Again</source>
        <translation>Noch einmal &amp;vergleichen</translation>
    </message>
    <message>
        <source>C&amp;lose</source>
        <translation>Sch&amp;ließen</translation>
    </message>
    <message>
        <source>&amp;Show</source>
        <translation>&amp;Zeigen</translation>
    </message>
    <message>
        <source>Reading both sides…</source>
        <translation>Beide Seiten werden gelesen…</translation>
    </message>
    <message>
        <source>{phase}, {number}…</source>
        <translation>{phase}, {number}…</translation>
    </message>
    <message>
        <source>{phase}…</source>
        <translation>{phase}…</translation>
    </message>
    <message>
        <source>Compared {time}.</source>
        <translation>Verglichen: {time}.</translation>
    </message>
    <message numerus="yes">
        <source>{n} people are left as they are</source>
        <comment>{n} person is left as is</comment>
        <translation>
            <numerusform>{n} Person wurde so gelassen</numerusform>
            <numerusform>{n} Personen wurden so gelassen</numerusform>
        </translation>
    </message>
    <message>
        <source>In step</source>
        <translation>Im Einklang</translation>
    </message>
    <message>
        <source>The next runs put it right</source>
        <translation>Die nächsten Läufe stellen es richtig</translation>
    </message>
    <message numerus="yes">
        <source>{n} people differ, but nothing needs you</source>
        <comment>{n} person differs, but nothing needs you</comment>
        <translation>
            <numerusform>Bei {n} Person unterscheiden sich die Seiten, aber zu tun ist nichts</numerusform>
            <numerusform>Bei {n} Personen unterscheiden sich die Seiten, aber zu tun ist nichts</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n} people differ</source>
        <comment>{n} person differs</comment>
        <translation>
            <numerusform>Abweichung bei {n} Person</numerusform>
            <numerusform>Abweichung bei {n} Personen</numerusform>
        </translation>
    </message>
    <message>
        <source>Not compared.</source>
        <translation>Nicht verglichen.</translation>
    </message>
    <message>
        <source>Everybody</source>
        <translation>Alle</translation>
    </message>
    <message numerus="yes">
        <source>{n} more are counted, but not listed here.</source>
        <comment>{n} more are counted, but not listed here.</comment>
        <translation>
            <numerusform>{n} weitere ist gezählt, aber hier nicht aufgeführt.</numerusform>
            <numerusform>{n} weitere sind gezählt, aber hier nicht aufgeführt.</numerusform>
        </translation>
    </message>
    <message>
        <source>&amp;Put Right…</source>
        <translation>&amp;Richtigstellen…</translation>
    </message>
    <message>
        <source>No errors</source>
        <translation>Keine Fehler</translation>
    </message>
    <message>
        <source>Every person in this run has an outcome without an error.</source>
        <translation>Jede Person in diesem Lauf hat ein Ergebnis ohne Fehler.</translation>
    </message>
    <message>
        <source>Error messages</source>
        <translation>Fehlermeldungen</translation>
    </message>
    <message>
        <source>Copy the selected messages, or all</source>
        <translation>Die ausgewählten Meldungen kopieren, oder alle</translation>
    </message>
    <message>
        <source>&amp;Copy</source>
        <translation>&amp;Kopieren</translation>
    </message>
    <message>
        <source>&amp;Export CSV…</source>
        <translation>CSV &amp;exportieren…</translation>
    </message>
    <message numerus="yes">
        <source>{n} errors</source>
        <comment>{n} error</comment>
        <translation>
            <numerusform>{n} Fehler</numerusform>
            <numerusform>{n} Fehler</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n} messages copied</source>
        <comment>{n} message copied</comment>
        <translation>
            <numerusform>{n} Meldung kopiert</numerusform>
            <numerusform>{n} Meldungen kopiert</numerusform>
        </translation>
    </message>
    <message>
        <source>Export errors</source>
        <translation>Fehler exportieren</translation>
    </message>
    <message numerus="yes">
        <source>{n} messages saved</source>
        <comment>{n} message saved</comment>
        <translation>
            <numerusform>{n} Meldung gespeichert</numerusform>
            <numerusform>{n} Meldungen gespeichert</numerusform>
        </translation>
    </message>
    <message>
        <source>CSV files (*.csv)</source>
        <translation>CSV-Dateien (*.csv)</translation>
    </message>
    <message>
        <source>ZIP files (*.zip)</source>
        <translation>ZIP-Dateien (*.zip)</translation>
    </message>
    <message>
        <source>JSON files (*.json)</source>
        <translation>JSON-Dateien (*.json)</translation>
    </message>
    <message>
        <source>All files (*)</source>
        <translation>Alle Dateien (*)</translation>
    </message>
    <message>
        <source>Nothing happened yet</source>
        <translation>Noch ist nichts geschehen</translation>
    </message>
    <message>
        <source>Nothing was stated about this person, and no run has named them.</source>
        <translation>Über diese Person liegt keine Aussage vor, und kein Lauf hat sie genannt.</translation>
    </message>
    <message>
        <source>When</source>
        <translation>Wann</translation>
    </message>
    <message>
        <source>What happened</source>
        <translation>Was geschehen ist</translation>
    </message>
    <message>
        <source>Find a person</source>
        <translation>Person suchen</translation>
    </message>
    <message>
        <source>Person</source>
        <translation>Person</translation>
    </message>
    <message>
        <source>Type an email, a part of it, a customer id of Kibo, or a name.</source>
        <translation>Geben Sie eine E-Mail-Adresse, einen Teil davon, eine Kundennummer von Kibo oder einen Namen ein.</translation>
    </message>
    <message>
        <source>Email, customer id, or name</source>
        <translation>E-Mail-Adresse, Kundennummer oder Name</translation>
    </message>
    <message>
        <source>&amp;Find</source>
        <translation>&amp;Suchen</translation>
    </message>
    <message>
        <source>What happened, newest first</source>
        <translation>Was geschehen ist, Neuestes zuerst</translation>
    </message>
    <message>
        <source>&amp;Read Now</source>
        <translation>&amp;Jetzt lesen</translation>
    </message>
    <message>
        <source>Ask Kibo and Constant Contact now; nothing is written</source>
        <translation>Kibo und Constant Contact jetzt fragen; es wird nichts geschrieben</translation>
    </message>
    <message>
        <source>&amp;Person</source>
        <translation>&amp;Person</translation>
    </message>
    <message>
        <source>Next: {step}</source>
        <translation>Als Nächstes: {step}</translation>
    </message>
    <message>
        <source>Both sides were read {time}.</source>
        <translation>Beide Seiten gelesen: {time}.</translation>
    </message>
    <message>
        <source>Not known</source>
        <translation>Nicht bekannt</translation>
    </message>
    <message>
        <source>Not compared yet</source>
        <translation>Noch nicht verglichen</translation>
    </message>
    <message>
        <source>In step when last read</source>
        <translation>Zuletzt im Einklang</translation>
    </message>
    <message>
        <source>A change waits</source>
        <translation>Eine Änderung wartet</translation>
    </message>
    <message>
        <source>Both sides differ</source>
        <translation>Beide Seiten weichen voneinander ab</translation>
    </message>
    <message>
        <source>read {time}</source>
        <translation>gelesen: {time}</translation>
    </message>
    <message>
        <source>One file for support, in which nobody can be recognised</source>
        <translation>Eine Datei für den Support, in der niemand zu erkennen ist</translation>
    </message>
    <message>
        <source>Help: Constant Contact Settings</source>
        <translation>Hilfe: Constant Contact-Einstellungen</translation>
    </message>
    <message>
        <source>Save &amp;diagnostics…</source>
        <translation>&amp;Diagnosedatei speichern…</translation>
    </message>
    <message>
        <source>L&amp;icences…</source>
        <translation>L&amp;izenzen…</translation>
    </message>
    <message>
        <source>&amp;About ccdesk…</source>
        <translation>Ü&amp;ber ccdesk…</translation>
    </message>
    <message>
        <source>Check for &amp;updates…</source>
        <translation>Nach &amp;Updates suchen…</translation>
    </message>
    <message>
        <source>Help text</source>
        <translation>Hilfetext</translation>
    </message>
    <message>
        <source>Search this guide</source>
        <translation>In dieser Anleitung suchen</translation>
    </message>
    <message>
        <source>&amp;Next</source>
        <translation>&amp;Weitersuchen</translation>
    </message>
    <message>
        <source>ccdesk is made of these parts. Each is used under its own licence; choose one to read it.</source>
        <translation>ccdesk besteht aus diesen Teilen. Jeder wird unter seiner eigenen Lizenz benutzt; wählen Sie einen, um sie zu lesen.</translation>
    </message>
    <message>
        <source>Licences</source>
        <translation>Lizenzen</translation>
    </message>
    <message>
        <source>Parts of ccdesk</source>
        <translation>Teile von ccdesk</translation>
    </message>
    <message>
        <source>Text of the licence</source>
        <translation>Text der Lizenz</translation>
    </message>
    <message>
        <source>{part} brings no text of its own.</source>
        <translation>{part} bringt keinen eigenen Text mit.</translation>
    </message>
    <message>
        <source>Nobody is waiting</source>
        <translation>Niemand wartet</translation>
    </message>
    <message>
        <source>Every customer who opted in has been added or left.</source>
        <translation>Alle Kunden, die eingewilligt haben, wurden hinzugefügt oder weggelassen.</translation>
    </message>
    <message>
        <source>Somebody with this email left the list or opted out before. These accounts came later, or belong to guests, and nobody has proven that the email is theirs. Add puts the person on the list again. Leave keeps them off it; nothing is changed in Kibo.</source>
        <translation>Jemand mit dieser E-Mail-Adresse hat früher die Liste verlassen oder widerrufen. Diese Konten kamen später oder gehören Gästen, und niemand hat nachgewiesen, dass die E-Mail-Adresse ihm gehört. „Hinzufügen“ setzt die Person wieder auf die Liste. „Weglassen“ hält sie davon fern; in Kibo wird nichts geändert.</translation>
    </message>
    <message>
        <source>Opted in</source>
        <translation>Eingewilligt</translation>
    </message>
    <message>
        <source>Customers to add or leave</source>
        <translation>Kunden, die hinzuzufügen oder wegzulassen sind</translation>
    </message>
    <message>
        <source>&amp;Add</source>
        <translation>&amp;Hinzufügen</translation>
    </message>
    <message>
        <source>&amp;Leave</source>
        <translation>&amp;Weglassen</translation>
    </message>
    <message>
        <source>Add these customers, or leave them?</source>
        <translation>Diese Kunden hinzufügen oder weglassen?</translation>
    </message>
    <message>
        <source>Nobody any more</source>
        <translation>Niemand mehr</translation>
    </message>
    <message>
        <source>What is kept of these runs was removed meanwhile.</source>
        <translation>Was von diesen Läufen aufbewahrt war, wurde inzwischen entfernt.</translation>
    </message>
    <message>
        <source>{what} since {time}</source>
        <translation>{what} seit {time}</translation>
    </message>
    <message>
        <source>Show the &amp;Run…</source>
        <translation>Lauf &amp;zeigen…</translation>
    </message>
    <message>
        <source>They may have left it, so the export asks whether to add them. Until then they are counted as skipped.</source>
        <translation>Sie haben sie vielleicht verlassen, deshalb fragt der Export, ob sie hinzukommen. Bis dahin zählen sie als übergangen.</translation>
    </message>
    <message>
        <source>Nothing was changed in either service.</source>
        <translation>In keinem der beiden Dienste wurde etwas geändert.</translation>
    </message>
    <message>
        <source>No changes</source>
        <translation>Keine Änderungen</translation>
    </message>
    <message>
        <source>The export would change nobody.</source>
        <translation>Der Export würde bei niemandem etwas ändern.</translation>
    </message>
    <message>
        <source>Nobody to show</source>
        <translation>Niemand zu zeigen</translation>
    </message>
    <message>
        <source>The export would touch no person, or nobody with this outcome.</source>
        <translation>Der Export würde niemanden betreffen, oder niemanden mit diesem Ergebnis.</translation>
    </message>
    <message>
        <source>The undo would change nobody.</source>
        <translation>Das Rückgängigmachen würde bei niemandem etwas ändern.</translation>
    </message>
    <message>
        <source>The undo would touch no person, or nobody with this outcome.</source>
        <translation>Das Rückgängigmachen würde niemanden betreffen, oder niemanden mit diesem Ergebnis.</translation>
    </message>
    <message>
        <source>A person taken off the list stays off until they opt in anew or sign up; that cannot be undone. People who have acted since, and those who opted out, are left alone.</source>
        <translation>Wer von der Liste genommen wird, bleibt ihr fern, bis er neu einwilligt oder sich einträgt; das lässt sich nicht rückgängig machen. Wer seither selbst gehandelt oder widerrufen hat, bleibt unberührt.</translation>
    </message>
    <message>
        <source>Preview of undoing run {run}</source>
        <translation>Vorschau: Lauf {run} rückgängig machen</translation>
    </message>
    <message>
        <source>Preview of the export</source>
        <translation>Vorschau des Exports</translation>
    </message>
    <message>
        <source>Kinds of change</source>
        <translation>Arten der Änderung</translation>
    </message>
    <message>
        <source>People of the undo</source>
        <translation>Personen, bei denen rückgängig gemacht wird</translation>
    </message>
    <message>
        <source>People of the export</source>
        <translation>Personen des Exports</translation>
    </message>
    <message>
        <source>All people</source>
        <translation>Alle Personen</translation>
    </message>
    <message>
        <source>&amp;Export</source>
        <translation>&amp;Exportieren</translation>
    </message>
    <message>
        <source>Would ask you</source>
        <translation>Würde Sie fragen</translation>
    </message>
    <message numerus="yes">
        <source>{n} people</source>
        <comment>{n} person</comment>
        <translation>
            <numerusform>{n} Person</numerusform>
            <numerusform>{n} Personen</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n} welcome emails would be sent.</source>
        <comment>{n} welcome email would be sent.</comment>
        <translation>
            <numerusform>{n} Begrüßungs-E-Mail würde gesendet.</numerusform>
            <numerusform>{n} Begrüßungs-E-Mails würden gesendet.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>&amp;Undo for {n} people</source>
        <comment>&amp;Undo for {n} person</comment>
        <translation>
            <numerusform>Für {n} Person &amp;rückgängig machen</numerusform>
            <numerusform>Für {n} Personen &amp;rückgängig machen</numerusform>
        </translation>
    </message>
    <message>
        <source>&amp;Sync Contacts…</source>
        <translation>&amp;Kontakte abgleichen…</translation>
    </message>
    <message numerus="yes">
        <source>&amp;Export {n} people</source>
        <comment>&amp;Export {n} person</comment>
        <translation>
            <numerusform>{n} Person &amp;exportieren</numerusform>
            <numerusform>{n} Personen &amp;exportieren</numerusform>
        </translation>
    </message>
    <message>
        <source>Nobody is left</source>
        <translation>Niemand mehr übrig</translation>
    </message>
    <message>
        <source>Everybody who opted out is off the list, or has opted in again.</source>
        <translation>Alle, die widerrufen haben, sind von der Liste genommen oder haben wieder eingewilligt.</translation>
    </message>
    <message>
        <source>These customers opted out, but are on the list in Constant Contact again, and no later sign-up is known: most likely somebody imported a file or added them by hand. They are being mailed. ccdesk changes nothing here, because only you can know why. If they did not agree again, remove them from the list in Constant Contact. If they did, set “accepts marketing” for the customer in Kibo. They leave this page with the next sync. Leave As It Is takes the people chosen off it now: they stay on the list, and are named here again if they leave it and are put back.</source>
        <translation>Diese Kunden haben widerrufen, stehen in Constant Contact aber wieder auf der Liste, und eine spätere eigene Eintragung ist nicht bekannt: Wahrscheinlich hat jemand eine Datei importiert oder sie von Hand hinzugefügt. Sie bekommen E-Mails. ccdesk ändert hier nichts, denn nur Sie können den Grund wissen. Wenn die Kunden nicht wieder eingewilligt haben, nehmen Sie sie in Constant Contact von der Liste. Wenn doch, setzen Sie beim Kunden in Kibo „accepts marketing“. Mit dem nächsten Abgleich verschwinden sie von dieser Seite. „So lassen“ nimmt die gewählten Personen sofort von dieser Seite: Sie bleiben auf der Liste und werden hier wieder genannt, wenn sie sie verlassen und erneut darauf gesetzt werden.</translation>
    </message>
    <message>
        <source>Seen on the list since</source>
        <translation>Auf der Liste gesehen seit</translation>
    </message>
    <message>
        <source>Customers who opted out and were put back on the list</source>
        <translation>Kunden, die widerrufen haben und wieder auf die Liste gesetzt wurden</translation>
    </message>
    <message>
        <source>Opted out, but back on the list</source>
        <translation>Widerrufen, aber wieder auf der Liste</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Nobody is held</source>
        <translation>Niemand wird zurückgehalten</translation>
    </message>
    <message>
        <source>This run held nobody, or their names are not kept any more.</source>
        <translation>Dieser Lauf hat niemanden zurückgehalten, oder die Namen werden nicht mehr aufbewahrt.</translation>
    </message>
    <message>
        <source>Nobody found</source>
        <translation>Niemand gefunden</translation>
    </message>
    <message>
        <source>No email, customer id or reason holds what you typed.</source>
        <translation>Keine E-Mail-Adresse, keine Kundennummer und kein Grund enthält, was Sie eingegeben haben.</translation>
    </message>
    <message>
        <source>“Not now” changes nothing: these people get no email and wait until you answer. “It was a mistake” leaves them as they are for good; they are named while Kibo and Constant Contact differ.</source>
        <translation>„Nicht jetzt“ ändert nichts: Diese Personen bekommen keine E-Mails und warten, bis Sie antworten. „Es war ein Versehen“ lässt sie endgültig, wie sie sind; sie werden genannt, solange sich Kibo und Constant Contact unterscheiden.</translation>
    </message>
    <message>
        <source>“Not now” keeps these people on the list for 24 hours more, at most twice; then they are taken off it, because they opted out and are still being mailed. “It was a mistake” leaves them as they are for good; they are named while Kibo and Constant Contact differ.</source>
        <translation>„Nicht jetzt“ lässt diese Personen weitere 24 Stunden auf der Liste, höchstens zweimal; dann werden sie von ihr genommen, denn sie haben widerrufen und bekommen noch immer E-Mails. „Es war ein Versehen“ lässt sie endgültig, wie sie sind; sie werden genannt, solange sich Kibo und Constant Contact unterscheiden.</translation>
    </message>
    <message>
        <source>Search these people</source>
        <translation>Diese Personen durchsuchen</translation>
    </message>
    <message>
        <source>Search email, customer id or reason</source>
        <translation>E-Mail-Adresse, Kundennummer oder Grund suchen</translation>
    </message>
    <message>
        <source>People who are held</source>
        <translation>Zurückgehaltene Personen</translation>
    </message>
    <message>
        <source>&amp;Go on</source>
        <translation>&amp;Fortfahren</translation>
    </message>
    <message>
        <source>It was a &amp;mistake</source>
        <translation>Es war ein &amp;Versehen</translation>
    </message>
    <message>
        <source>&amp;Not now</source>
        <translation>&amp;Nicht jetzt</translation>
    </message>
    <message>
        <source>Should these people be opted out?</source>
        <translation>Den Widerruf dieser Personen übernehmen?</translation>
    </message>
    <message numerus="yes">
        <source>{n} people found</source>
        <comment>{n} person found</comment>
        <translation>
            <numerusform>{n} Person gefunden</numerusform>
            <numerusform>{n} Personen gefunden</numerusform>
        </translation>
    </message>
    <message>
        <source>Export people</source>
        <translation>Personen exportieren</translation>
    </message>
    <message numerus="yes">
        <source>{n} people saved</source>
        <comment>{n} person saved</comment>
        <translation>
            <numerusform>{n} Person gespeichert</numerusform>
            <numerusform>{n} Personen gespeichert</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Take {n} people &amp;off the list</source>
        <comment>Take {n} person &amp;off the list</comment>
        <translation>
            <numerusform>{n} Person von der &amp;Liste nehmen</numerusform>
            <numerusform>{n} Personen von der &amp;Liste nehmen</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>&amp;Opt out {n} people</source>
        <comment>&amp;Opt out {n} person</comment>
        <translation>
            <numerusform>&amp;Widerruf von {n} Person übernehmen</numerusform>
            <numerusform>&amp;Widerruf von {n} Personen übernehmen</numerusform>
        </translation>
    </message>
    <message>
        <source>Kind of change</source>
        <translation>Art der Änderung</translation>
    </message>
    <message>
        <source>&amp;Undo This Run…</source>
        <translation>Diesen Lauf rückgängig &amp;machen…</translation>
    </message>
    <message>
        <source>This run found nothing that had to be carried over.</source>
        <translation>Dieser Lauf hat nichts gefunden, was zu übernehmen war.</translation>
    </message>
    <message>
        <source>Nothing yet</source>
        <translation>Noch nichts</translation>
    </message>
    <message>
        <source>This run has not got to anybody so far.</source>
        <translation>Dieser Lauf ist bisher bei niemandem angekommen.</translation>
    </message>
    <message>
        <source>This run ended before it noted anything.</source>
        <translation>Dieser Lauf endete, bevor er etwas vermerkt hat.</translation>
    </message>
    <message>
        <source>This run touched no person, or nobody with this outcome.</source>
        <translation>Dieser Lauf hat niemanden betroffen, oder niemanden mit diesem Ergebnis.</translation>
    </message>
    <message>
        <source>People of this run</source>
        <translation>Personen dieses Laufs</translation>
    </message>
    <message>
        <source>Show what undoing this run would do; nothing is changed before you say so</source>
        <translation>Zeigen, was sich ändern würde, wenn dieser Lauf rückgängig gemacht wird; ohne Ihre Zustimmung wird nichts geändert</translation>
    </message>
    <message>
        <source>Show &amp;Errors…</source>
        <translation>&amp;Fehler zeigen…</translation>
    </message>
    <message>
        <source>&amp;Review…</source>
        <translation>&amp;Prüfen…</translation>
    </message>
    <message>
        <source>Save the people shown, with outcome and reason</source>
        <translation>Die gezeigten Personen mit Ergebnis und Grund speichern</translation>
    </message>
    <message>
        <source>E&amp;xport CSV…</source>
        <translation>CSV e&amp;xportieren…</translation>
    </message>
    <message>
        <source>Why the person chosen is on the list or not</source>
        <translation>Warum die gewählte Person auf der Liste ist oder nicht</translation>
    </message>
    <message>
        <source>Run {number}</source>
        <translation>Lauf {number}</translation>
    </message>
    <message>
        <source>manual</source>
        <translation>von Hand</translation>
    </message>
    <message>
        <source>automatic</source>
        <translation>automatisch</translation>
    </message>
    <message numerus="yes">
        <source>{n} calls to Constant Contact</source>
        <comment>{n} call to Constant Contact</comment>
        <translation>
            <numerusform>{n} Aufruf von Constant Contact</numerusform>
            <numerusform>{n} Aufrufe von Constant Contact</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n} calls to Kibo</source>
        <comment>{n} call to Kibo</comment>
        <translation>
            <numerusform>{n} Aufruf von Kibo</numerusform>
            <numerusform>{n} Aufrufe von Kibo</numerusform>
        </translation>
    </message>
    <message>
        <source>Looking…</source>
        <translation>Wird nachgesehen…</translation>
    </message>
    <message>
        <source>Undoing…</source>
        <translation>Wird rückgängig gemacht…</translation>
    </message>
    <message>
        <source>Undo of run {run}</source>
        <translation>Rückgängigmachen von Lauf {run}</translation>
    </message>
    <message>
        <source>Run {run} was undone</source>
        <translation>Lauf {run} wurde rückgängig gemacht</translation>
    </message>
    <message>
        <source>&amp;View…</source>
        <translation>&amp;Ansehen…</translation>
    </message>
    <message>
        <source>Nobody is waiting any more</source>
        <translation>Niemand wartet mehr</translation>
    </message>
    <message>
        <source>The welcome emails have been answered for, or were switched off.</source>
        <translation>Die Frage nach den Begrüßungs-E-Mails wurde beantwortet, oder sie wurden ausgeschaltet.</translation>
    </message>
    <message>
        <source>All customers who have opted in to marketing are put on the list “{list_name}”. People who unsubscribed in Constant Contact, or left this list, are not added again.</source>
        <translation>Alle Kunden, die in Werbung eingewilligt haben, kommen auf die Liste „{list_name}“. Wer in Constant Contact abbestellt oder diese Liste verlassen hat, wird nicht wieder hinzugefügt.</translation>
    </message>
    <message>
        <source>The export itself sends no welcome email. But an automation in Constant Contact that starts when a contact joins a list starts for everybody added, by whatever way they are added: it may send email to all of these people.</source>
        <translation>Der Export selbst sendet keine Begrüßungs-E-Mail. Eine Automation in Constant Contact, die startet, wenn ein Kontakt in eine Liste kommt, startet aber für alle Hinzugefügten, gleich auf welchem Weg sie hinzugefügt werden: Sie sendet vielleicht E-Mails an alle diese Personen.</translation>
    </message>
    <message>
        <source>If you are not sure, look in Constant Contact under Automations first, and pause those that start with joining this list.</source>
        <translation>Wenn Sie nicht sicher sind, sehen Sie zuerst in Constant Contact unter „Automations“ nach und halten Sie diejenigen an, die mit der Aufnahme in diese Liste starten.</translation>
    </message>
    <message>
        <source>To maintain the integrity of your updates, Kibo recommends you only link one active contact list to eCommerce at a time. If a customer unsubscribes from one list but not another in Constant Contact AND you try to sync both lists to Kibo by changing the Contact List Name in the app, the most recent changes from one list will overwrite the other, potentially unsubscribing and resubscribing the same contact.</source>
        <translation>Damit Ihre Daten stimmig bleiben, empfiehlt Kibo, immer nur eine aktive Kontaktliste mit eCommerce zu verknüpfen. Wenn ein Kunde in Constant Contact die eine Liste abbestellt, eine andere aber nicht, UND Sie beide Listen mit Kibo abgleichen wollen, indem Sie in der Anwendung den Namen der Kontaktliste ändern, überschreiben die neuesten Änderungen der einen Liste die andere; derselbe Kontakt wird dann womöglich abbestellt und wieder aufgenommen.</translation>
    </message>
    <message>
        <source>The list “{old}” and its members stay as they are in Constant Contact. From now on only “{new}” is watched, and new contacts go there.</source>
        <translation>Die Liste „{old}“ und ihre Mitglieder bleiben in Constant Contact, wie sie sind. Von jetzt an wird nur noch „{new}“ beobachtet, und neue Kontakte kommen dorthin.</translation>
    </message>
    <message>
        <source>If you go on, what ccdesk remembers of the former account&apos;s contacts is dropped, and the next export starts from the beginning. Nothing is changed in the former account.</source>
        <translation>Wenn Sie fortfahren, wird verworfen, was ccdesk sich über die Kontakte des früheren Kontos gemerkt hat, und der nächste Export beginnt von vorn. Im früheren Konto wird nichts geändert.</translation>
    </message>
    <message>
        <source>Nothing is changed in Kibo or in Constant Contact by this.</source>
        <translation>In Kibo und Constant Contact wird dadurch nichts geändert.</translation>
    </message>
    <message>
        <source>Without the shared secret ccdesk can neither read nor change customers in Kibo: no opt-in and no opt-out crosses over until it is entered again. Kibo shows it in Dev Center.</source>
        <translation>Ohne das gemeinsame Geheimnis kann ccdesk Kunden in Kibo weder lesen noch ändern: Keine Einwilligung und kein Widerruf kommt auf die andere Seite, bis es wieder eingegeben ist. Kibo zeigt es im Dev Center.</translation>
    </message>
    <message>
        <source>“Not now” leaves everything as it is; the next run asks again.</source>
        <translation>„Nicht jetzt“ lässt alles, wie es ist; der nächste Lauf fragt wieder.</translation>
    </message>
    <message>
        <source>These customers opted in, and are not on the list yet. Usually people sign up one by one, so this may be a file that was imported into Kibo; people who did not just sign up are surprised by a welcome email.</source>
        <translation>Diese Kunden haben eingewilligt und sind noch nicht auf der Liste. Normalerweise tragen sich Personen einzeln ein, es könnte also eine Datei sein, die in Kibo importiert wurde; wer sich nicht gerade erst eingetragen hat, ist von einer Begrüßungs-E-Mail überrascht.</translation>
    </message>
    <message>
        <source>Add Without puts them on the list now and sends no welcome email. Who they are is in the Sync Logs, under View of the last run of customer events.</source>
        <translation>„Ohne hinzufügen“ setzt sie jetzt auf die Liste und sendet keine Begrüßungs-E-Mail. Wer sie sind, steht unter „Protokoll“ mit „Ansehen“ beim letzten Lauf der Kundenänderungen.</translation>
    </message>
    <message>
        <source>Leave Them Out exports everybody else. Whoever of them opts in again in the shop later is added then.</source>
        <translation>„Weglassen“ exportiert alle anderen. Wer von ihnen später im Shop wieder einwilligt, wird dann hinzugefügt.</translation>
    </message>
    <message>
        <source>Add Them puts all of them on the list.</source>
        <translation>„Hinzufügen“ setzt sie alle auf die Liste.</translation>
    </message>
    <message>
        <source>Both services are read anew for them. Then they are added, taken off the list, or opted in or out in Kibo, by the same rules and with the same guard as in every run; nobody else is changed. Nobody gets a welcome email from this.</source>
        <translation>Für diese Personen werden beide Dienste neu gelesen. Dann werden sie auf die Liste gesetzt oder davon genommen, oder ihre Einwilligung oder ihr Widerruf wird in Kibo übernommen, nach denselben Regeln und mit demselben Schutz wie in jedem Lauf; bei sonst niemandem wird etwas geändert. Niemand bekommt dadurch eine Begrüßungs-E-Mail.</translation>
    </message>
    <message>
        <source>A run is in progress. If you quit, it stops after the current customer. Finished work is kept and the next export continues from there.</source>
        <translation>Ein Lauf ist im Gange. Wenn Sie beenden, hält er nach dem aktuellen Kunden an. Was fertig ist, bleibt erhalten, und der nächste Export macht dort weiter.</translation>
    </message>
    <message>
        <source>The Settings tab has changes that are not saved.</source>
        <translation>Auf der Registerkarte „Einstellungen“ gibt es Änderungen, die nicht gespeichert sind.</translation>
    </message>
    <message>
        <source>The Kibo connection on the Info tab has changes that are not saved.</source>
        <translation>Die Kibo-Verbindung auf der Registerkarte „Info“ hat Änderungen, die nicht gespeichert sind.</translation>
    </message>
    <message>
        <source>ccdesk is enabled, but it syncs only while it is open or in the tray. After you quit, no unsubscribe reaches Kibo and no customer change reaches Constant Contact. It catches up when you open it again.</source>
        <translation>ccdesk ist eingeschaltet, gleicht aber nur ab, solange es offen ist oder im Infobereich läuft. Nach dem Beenden erreicht keine Abbestellung Kibo und keine Kundenänderung Constant Contact. Beim nächsten Öffnen wird alles nachgeholt.</translation>
    </message>
    <message>
        <source>ccdesk is enabled, and it syncs only while it runs. This desktop has no tray where it could go on without its window: minimised it does.</source>
        <translation>ccdesk ist eingeschaltet und gleicht nur ab, solange es läuft. Dieser Desktop hat keinen Infobereich, in dem es ohne Fenster weiterlaufen könnte; verkleinert läuft es weiter.</translation>
    </message>
    <message>
        <source>If you quit, no unsubscribe reaches Kibo and no customer change reaches Constant Contact until you open it again.</source>
        <translation>Wenn Sie es beenden, erreicht keine Abbestellung Kibo und keine Kundenänderung Constant Contact, bis Sie es wieder öffnen.</translation>
    </message>
    <message>
        <source>Export your customers for the first time?</source>
        <translation>Ihre Kunden zum ersten Mal exportieren?</translation>
    </message>
    <message>
        <source>&amp;Sync Contacts</source>
        <translation>Kontakte &amp;abgleichen</translation>
    </message>
    <message>
        <source>&amp;Do it</source>
        <translation>&amp;Ausführen</translation>
    </message>
    <message numerus="yes">
        <source>Send {n} welcome emails at once?</source>
        <comment>Send {n} welcome email at once?</comment>
        <translation>
            <numerusform>{n} Begrüßungs-E-Mail auf einmal senden?</numerusform>
            <numerusform>{n} Begrüßungs-E-Mails auf einmal senden?</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>&amp;Send {n} Emails</source>
        <comment>&amp;Send {n} Email</comment>
        <translation>
            <numerusform>{n} E-Mail &amp;senden</numerusform>
            <numerusform>{n} E-Mails &amp;senden</numerusform>
        </translation>
    </message>
    <message>
        <source>&amp;Add Without</source>
        <translation>&amp;Ohne hinzufügen</translation>
    </message>
    <message>
        <source>&amp;Not Now</source>
        <translation>&amp;Nicht jetzt</translation>
    </message>
    <message>
        <source>{people} and {number} more</source>
        <translation>{people} und {number} weitere</translation>
    </message>
    <message numerus="yes">
        <source>Put these {n} people right?</source>
        <comment>Put this person right?</comment>
        <translation>
            <numerusform>Diese Person richtigstellen?</numerusform>
            <numerusform>Diese {n} Personen richtigstellen?</numerusform>
        </translation>
    </message>
    <message>
        <source>&amp;Put Right</source>
        <translation>&amp;Richtigstellen</translation>
    </message>
    <message>
        <source>&amp;Add Them</source>
        <translation>&amp;Hinzufügen</translation>
    </message>
    <message>
        <source>&amp;Leave Them Out</source>
        <translation>&amp;Weglassen</translation>
    </message>
    <message>
        <source>&amp;Cancel</source>
        <translation>&amp;Abbrechen</translation>
    </message>
    <message>
        <source>Change the list from “{old}” to “{new}”?</source>
        <translation>Die Liste von „{old}“ zu „{new}“ wechseln?</translation>
    </message>
    <message>
        <source>&amp;Change the List</source>
        <translation>Liste &amp;wechseln</translation>
    </message>
    <message>
        <source>&amp;Use the New Account</source>
        <translation>&amp;Neues Konto verwenden</translation>
    </message>
    <message>
        <source>&amp;Keep the Former One</source>
        <translation>&amp;Bisheriges behalten</translation>
    </message>
    <message>
        <source>Connect another Kibo tenant?</source>
        <translation>Einen anderen Kibo-Tenant verbinden?</translation>
    </message>
    <message>
        <source>&amp;Save and Start Over</source>
        <translation>&amp;Speichern und neu beginnen</translation>
    </message>
    <message>
        <source>&amp;Use the File</source>
        <translation>&amp;Datei verwenden</translation>
    </message>
    <message>
        <source>Remove the Kibo shared secret?</source>
        <translation>Das gemeinsame Geheimnis von Kibo entfernen?</translation>
    </message>
    <message>
        <source>&amp;Remove</source>
        <translation>&amp;Entfernen</translation>
    </message>
    <message>
        <source>Keep ccdesk running?</source>
        <translation>ccdesk weiterlaufen lassen?</translation>
    </message>
    <message>
        <source>ccdesk Help</source>
        <translation>ccdesk-Hilfe</translation>
    </message>
    <message>
        <source>Refresh</source>
        <translation>Aktualisieren</translation>
    </message>
    <message>
        <source>Settings…</source>
        <translation>Einstellungen…</translation>
    </message>
    <message>
        <source>Close Window</source>
        <translation>Fenster schließen</translation>
    </message>
    <message>
        <source>&amp;Quit</source>
        <translation>&amp;Beenden</translation>
    </message>
    <message>
        <source>&amp;Keep Running, Minimised</source>
        <translation>&amp;Verkleinert weiterlaufen lassen</translation>
    </message>
    <message>
        <source>Quit now?</source>
        <translation>Jetzt beenden?</translation>
    </message>
    <message>
        <source>&amp;Stay</source>
        <translation>&amp;Bleiben</translation>
    </message>
    <message>
        <source>Use the command line (ccdesk --help), or start it where there is a desktop. “ccdesk demo --tour DIR” works without a display.</source>
        <translation>Verwenden Sie die Befehlszeile (ccdesk --help), oder starten Sie es dort, wo es einen Desktop gibt. „ccdesk demo --tour DIR“ geht ohne Bildschirm.</translation>
    </message>
    <message>
        <source>There is no display to open the window on</source>
        <translation>Es gibt keinen Bildschirm, auf dem sich das Fenster öffnen ließe</translation>
    </message>
    <message>
        <source>The display cannot be used to open the window on</source>
        <translation>Auf diesem Bildschirm lässt sich das Fenster nicht öffnen:</translation>
    </message>
    <message>
        <source>It is named by {names}, but there is no connection to it: its desktop may have ended, or may not let this user in; or a system library is missing.</source>
        <translation>{names} nennt ihn, aber es gibt keine Verbindung zu ihm: Der Desktop ist vielleicht beendet oder lässt diesen Benutzer nicht zu, oder eine Systembibliothek fehlt.</translation>
    </message>
    <message>
        <source>To Constant Contact</source>
        <translation>Zu Constant Contact</translation>
    </message>
    <message>
        <source>Events</source>
        <translation>Ereignisse</translation>
    </message>
    <message>
        <source>From Constant Contact</source>
        <translation>Von Constant Contact</translation>
    </message>
    <message>
        <source>Daily comparison</source>
        <translation>Täglicher Vergleich</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Rückgängig</translation>
    </message>
    <message>
        <source>{kind} of run {run}</source>
        <translation>{kind} von Lauf {run}</translation>
    </message>
    <message>
        <source>Added</source>
        <translation>Hinzugefügt</translation>
    </message>
    <message>
        <source>Updated</source>
        <translation>Aktualisiert</translation>
    </message>
    <message>
        <source>Unchanged</source>
        <translation>Unverändert</translation>
    </message>
    <message>
        <source>Removed from the list</source>
        <translation>Von der Liste genommen</translation>
    </message>
    <message>
        <source>Opted out</source>
        <translation>Widerrufen</translation>
    </message>
    <message>
        <source>Skipped</source>
        <translation>Übergangen</translation>
    </message>
    <message>
        <source>Waiting for you</source>
        <translation>Wartet auf Sie</translation>
    </message>
    <message>
        <source>Conflict</source>
        <translation>Konflikt</translation>
    </message>
    <message>
        <source>Error</source>
        <translation>Fehler</translation>
    </message>
    <message>
        <source>Will be added</source>
        <translation>Wird hinzugefügt</translation>
    </message>
    <message>
        <source>Will be updated</source>
        <translation>Wird aktualisiert</translation>
    </message>
    <message>
        <source>Will be removed from the list</source>
        <translation>Wird von der Liste genommen</translation>
    </message>
    <message>
        <source>Will be opted in</source>
        <translation>Einwilligung wird gesetzt</translation>
    </message>
    <message>
        <source>Will be opted out</source>
        <translation>Widerruf wird eingetragen</translation>
    </message>
    <message>
        <source>Will be skipped</source>
        <translation>Wird übersprungen</translation>
    </message>
    <message>
        <source>Will wait for you</source>
        <translation>Wartet dann auf Sie</translation>
    </message>
    <message>
        <source>{n} added</source>
        <translation>{n} hinzugefügt</translation>
    </message>
    <message>
        <source>{n} updated</source>
        <translation>{n} aktualisiert</translation>
    </message>
    <message>
        <source>{n} unchanged</source>
        <translation>{n} unverändert</translation>
    </message>
    <message>
        <source>{n} removed from the list</source>
        <translation>{n} von der Liste genommen</translation>
    </message>
    <message>
        <source>{n} opted in</source>
        <translation>{n} eingewilligt</translation>
    </message>
    <message>
        <source>{n} opted out</source>
        <translation>{n} widerrufen</translation>
    </message>
    <message>
        <source>{n} skipped</source>
        <translation>{n} übergangen</translation>
    </message>
    <message>
        <source>{n} waiting for you</source>
        <translation>{n} warten auf Sie</translation>
    </message>
    <message>
        <source>{n} conflict</source>
        <translation>{n} Konflikt(e)</translation>
    </message>
    <message>
        <source>{n} ignored</source>
        <translation>{n} nicht beachtet</translation>
    </message>
    <message>
        <source>{n} queued</source>
        <translation>{n} eingereiht</translation>
    </message>
    <message numerus="yes">
        <source>{n} will be updated</source>
        <comment>{n} will be updated</comment>
        <translation>
            <numerusform>{n} wird aktualisiert</numerusform>
            <numerusform>{n} werden aktualisiert</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n} will be removed from the list</source>
        <comment>{n} will be removed from the list</comment>
        <translation>
            <numerusform>{n} wird von der Liste genommen</numerusform>
            <numerusform>{n} werden von der Liste genommen</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n} will be opted in</source>
        <comment>{n} will be opted in</comment>
        <translation>
            <numerusform>Bei {n} wird die Einwilligung gesetzt</numerusform>
            <numerusform>Bei {n} wird die Einwilligung gesetzt</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n} will be opted out</source>
        <comment>{n} will be opted out</comment>
        <translation>
            <numerusform>Bei {n} wird der Widerruf eingetragen</numerusform>
            <numerusform>Bei {n} wird der Widerruf eingetragen</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n} will be skipped</source>
        <comment>{n} will be skipped</comment>
        <translation>
            <numerusform>{n} wird übersprungen</numerusform>
            <numerusform>{n} werden übersprungen</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n} will wait for you</source>
        <comment>{n} will wait for you</comment>
        <translation>
            <numerusform>{n} wartet auf Sie</numerusform>
            <numerusform>{n} warten auf Sie</numerusform>
        </translation>
    </message>
    <message>
        <source>Running</source>
        <translation>Läuft</translation>
    </message>
    <message>
        <source>Completed</source>
        <translation>Abgeschlossen</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>Fehlgeschlagen</translation>
    </message>
    <message>
        <source>Interrupted</source>
        <translation>Unterbrochen</translation>
    </message>
    <message>
        <source>Waiting</source>
        <translation>Wartet</translation>
    </message>
    <message>
        <source>Needs you</source>
        <translation>Braucht Sie</translation>
    </message>
    <message>
        <source>RUNNING</source>
        <translation>LÄUFT</translation>
    </message>
    <message>
        <source>COMPLETE</source>
        <translation>FERTIG</translation>
    </message>
    <message>
        <source>FAILED</source>
        <translation>GESCHEITERT</translation>
    </message>
    <message>
        <source>CANCELLED</source>
        <translation>ABGEBROCHEN</translation>
    </message>
    <message>
        <source>INTERRUPTED</source>
        <translation>UNTERBROCHEN</translation>
    </message>
    <message>
        <source>WAITING</source>
        <translation>WARTET</translation>
    </message>
    <message>
        <source>NEEDS YOU</source>
        <translation>BRAUCHT SIE</translation>
    </message>
    <message>
        <source>Nothing had to be changed</source>
        <translation>Es war nichts zu ändern</translation>
    </message>
    <message>
        <source>Nothing so far</source>
        <translation>Bisher nichts</translation>
    </message>
    <message>
        <source>What was done was not counted</source>
        <translation>Was getan wurde, ist nicht gezählt</translation>
    </message>
    <message>
        <source>Nothing has to be changed</source>
        <translation>Es ist nichts zu ändern</translation>
    </message>
    <message>
        <source>Nothing was changed</source>
        <translation>Es wurde nichts geändert</translation>
    </message>
    <message>
        <source>No reason was noted.</source>
        <translation>Ein Grund ist nicht vermerkt.</translation>
    </message>
    <message>
        <source>Pending</source>
        <translation>Steht an</translation>
    </message>
    <message>
        <source>Retry</source>
        <translation>Erneut</translation>
    </message>
    <message>
        <source>Parked</source>
        <translation>Geparkt</translation>
    </message>
    <message>
        <source>Processed</source>
        <translation>Verarbeitet</translation>
    </message>
    <message>
        <source>Yesterday at {time}</source>
        <translation>Gestern um {time}</translation>
    </message>
    <message>
        <source>yesterday at {time}</source>
        <translation>gestern um {time}</translation>
    </message>
    <message>
        <source>Today at {time}</source>
        <translation>Heute um {time}</translation>
    </message>
    <message>
        <source>today at {time}</source>
        <translation>heute um {time}</translation>
    </message>
    <message>
        <source>Tomorrow at {time}</source>
        <translation>Morgen um {time}</translation>
    </message>
    <message>
        <source>tomorrow at {time}</source>
        <translation>morgen um {time}</translation>
    </message>
    <message>
        <source>Last {day} at {time}</source>
        <translation>Letzten {day} um {time}</translation>
    </message>
    <message>
        <source>last {day} at {time}</source>
        <translation>letzten {day} um {time}</translation>
    </message>
    <message>
        <source>{day} at {time}</source>
        <translation>{day} um {time}</translation>
    </message>
    <message>
        <source>{what} (on {host}, since {time})</source>
        <translation>{what} (auf {host}, seit {time})</translation>
    </message>
    <message>
        <source>{what} (on {host})</source>
        <translation>{what} (auf {host})</translation>
    </message>
    <message>
        <source>Next Run time : none is planned</source>
        <translation>Nächster Lauf: keiner geplant</translation>
    </message>
    <message>
        <source>Next Run time : none while the application is not enabled</source>
        <translation>Nächster Lauf: keiner, solange die Anwendung nicht eingeschaltet ist</translation>
    </message>
    <message>
        <source>Next Run time : {time}</source>
        <translation>Nächster Lauf: {time}</translation>
    </message>
    <message>
        <source>{s} s</source>
        <translation>{s} s</translation>
    </message>
    <message>
        <source>{min} min {s} s</source>
        <translation>{min} min {s} s</translation>
    </message>
    <message>
        <source>{h} h {min} min</source>
        <translation>{h} h {min} min</translation>
    </message>
    <message>
        <source>trying again now</source>
        <translation>neuer Versuch jetzt</translation>
    </message>
    <message>
        <source>trying again in {time}</source>
        <translation>neuer Versuch in {time}</translation>
    </message>
    <message numerus="yes">
        <source>No answer from {service} ({n} tries), {again}</source>
        <comment>No answer from {service} ({n} try), {again}</comment>
        <translation>
            <numerusform>Keine Antwort von {service} ({n} Versuch), {again}</numerusform>
            <numerusform>Keine Antwort von {service} ({n} Versuche), {again}</numerusform>
        </translation>
    </message>
    <message>
        <source>just now</source>
        <translation>gerade eben</translation>
    </message>
    <message numerus="yes">
        <source>{n} minutes ago</source>
        <comment>{n} minute ago</comment>
        <translation>
            <numerusform>vor {n} Minute</numerusform>
            <numerusform>vor {n} Minuten</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n} hours ago</source>
        <comment>{n} hour ago</comment>
        <translation>
            <numerusform>vor {n} Stunde</numerusform>
            <numerusform>vor {n} Stunden</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n} days ago</source>
        <comment>{n} day ago</comment>
        <translation>
            <numerusform>vor {n} Tag</numerusform>
            <numerusform>vor {n} Tagen</numerusform>
        </translation>
    </message>
    <message>
        <source>a few seconds left</source>
        <translation>noch wenige Sekunden</translation>
    </message>
    <message>
        <source>about {s} seconds left</source>
        <translation>noch etwa {s} Sekunden</translation>
    </message>
    <message numerus="yes">
        <source>about {n} minutes left</source>
        <comment>about {n} minute left</comment>
        <translation>
            <numerusform>noch etwa {n} Minute</numerusform>
            <numerusform>noch etwa {n} Minuten</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>about {n} hours left</source>
        <comment>about {n} hour left</comment>
        <translation>
            <numerusform>noch etwa {n} Stunde</numerusform>
            <numerusform>noch etwa {n} Stunden</numerusform>
        </translation>
    </message>
    <message>
        <source>about {n} a minute</source>
        <translation>etwa {n} pro Minute</translation>
    </message>
    <message>
        <source>{n} of {total}</source>
        <translation>{n} von {total}</translation>
    </message>
    <message>
        <source>{n} read</source>
        <translation>{n} gelesen</translation>
    </message>
    <message>
        <source>{n} of {total} read</source>
        <translation>{n} von {total} gelesen</translation>
    </message>
    <message>
        <source>{n} sent</source>
        <translation>{n} gesendet</translation>
    </message>
    <message>
        <source>{n} of {total} sent</source>
        <translation>{n} von {total} gesendet</translation>
    </message>
    <message>
        <source>{n} done</source>
        <translation>{n} erledigt</translation>
    </message>
    <message>
        <source>{n} of {total} done</source>
        <translation>{n} von {total} erledigt</translation>
    </message>
    <message>
        <source>no errors</source>
        <translation>keine Fehler</translation>
    </message>
    <message>
        <source>Continued from an earlier run.</source>
        <translation>Fortsetzung eines früheren Laufs.</translation>
    </message>
    <message>
        <source>Stopped. What was done stands.</source>
        <translation>Angehalten. Was getan ist, bleibt.</translation>
    </message>
    <message>
        <source>Continued in a later run.</source>
        <translation>In einem späteren Lauf fortgesetzt.</translation>
    </message>
    <message numerus="yes">
        <source>Completed with {n} errors</source>
        <comment>Completed with {n} error</comment>
        <translation>
            <numerusform>Abgeschlossen mit {n} Fehler</numerusform>
            <numerusform>Abgeschlossen mit {n} Fehlern</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n} errors.</source>
        <comment>{n} error.</comment>
        <translation>
            <numerusform>{n} Fehler.</numerusform>
            <numerusform>{n} Fehler.</numerusform>
        </translation>
    </message>
    <message>
        <source>The next export goes on where this one stopped.</source>
        <translation>Der nächste Export macht dort weiter, wo dieser aufgehört hat.</translation>
    </message>
    <message>
        <source>Answer it on the Info tab, or start the export again.</source>
        <translation>Antworten Sie auf der Registerkarte „Info“, oder starten Sie den Export noch einmal.</translation>
    </message>
    <message numerus="yes">
        <source>{n} seconds</source>
        <comment>{n} second</comment>
        <translation>
            <numerusform>{n} Sekunde</numerusform>
            <numerusform>{n} Sekunden</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n} changes need your attention</source>
        <comment>{n} change needs your attention</comment>
        <translation>
            <numerusform>{n} Änderung braucht Ihre Aufmerksamkeit</numerusform>
            <numerusform>{n} Änderungen brauchen Ihre Aufmerksamkeit</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n} contacts seen</source>
        <comment>{n} contact seen</comment>
        <translation>
            <numerusform>{n} Kontakt angesehen</numerusform>
            <numerusform>{n} Kontakte angesehen</numerusform>
        </translation>
    </message>
    <message>
        <source>{whom}: {did}</source>
        <translation>{whom}: {did}</translation>
    </message>
    <message>
        <source>Try again now</source>
        <translation>Jetzt erneut versuchen</translation>
    </message>
    <message>
        <source>Review…</source>
        <translation>Prüfen…</translation>
    </message>
    <message numerus="yes">
        <source>{n} things need you</source>
        <comment>{n} thing needs you</comment>
        <translation>
            <numerusform>{n} Sache braucht Sie</numerusform>
            <numerusform>{n} Sachen brauchen Sie</numerusform>
        </translation>
    </message>
    <message>
        <source>Since {time}.</source>
        <translation>Seit {time}.</translation>
    </message>
    <message>
        <source>Nobody is logged in to Constant Contact, so nothing syncs.</source>
        <translation>Bei Constant Contact ist niemand angemeldet, deshalb wird nichts abgeglichen.</translation>
    </message>
    <message>
        <source>Your login to Constant Contact has expired.</source>
        <translation>Ihre Anmeldung bei Constant Contact ist abgelaufen.</translation>
    </message>
    <message>
        <source>Log in…</source>
        <translation>Anmelden…</translation>
    </message>
    <message numerus="yes">
        <source>{n} people unsubscribed in Constant Contact, but Kibo has not accepted it yet.</source>
        <comment>{n} person unsubscribed in Constant Contact, but Kibo has not accepted it yet.</comment>
        <translation>
            <numerusform>{n} Person hat in Constant Contact abbestellt, aber Kibo hat es noch nicht angenommen.</numerusform>
            <numerusform>{n} Personen haben in Constant Contact abbestellt, aber Kibo hat es noch nicht angenommen.</numerusform>
        </translation>
    </message>
    <message>
        <source>{who} unsubscribed in Constant Contact, but Kibo has not accepted it yet.</source>
        <translation>{who} hat in Constant Contact abbestellt, aber Kibo hat es noch nicht angenommen.</translation>
    </message>
    <message numerus="yes">
        <source>{n} people signed up in Constant Contact, but Kibo has not accepted it yet.</source>
        <comment>{n} person signed up in Constant Contact, but Kibo has not accepted it yet.</comment>
        <translation>
            <numerusform>{n} Person hat sich in Constant Contact eingetragen, aber Kibo hat es noch nicht angenommen.</numerusform>
            <numerusform>{n} Personen haben sich in Constant Contact eingetragen, aber Kibo hat es noch nicht angenommen.</numerusform>
        </translation>
    </message>
    <message>
        <source>{who} signed up in Constant Contact, but Kibo has not accepted it yet.</source>
        <translation>{who} hat sich in Constant Contact eingetragen, aber Kibo hat es noch nicht angenommen.</translation>
    </message>
    <message numerus="yes">
        <source>{n} customers opted out, but are on the list again and being mailed.</source>
        <comment>{n} customer opted out, but is on the list again and being mailed.</comment>
        <translation>
            <numerusform>{n} Kunde hat widerrufen, ist aber wieder auf der Liste und bekommt E-Mails.</numerusform>
            <numerusform>{n} Kunden haben widerrufen, sind aber wieder auf der Liste und bekommen E-Mails.</numerusform>
        </translation>
    </message>
    <message>
        <source>{who} opted out, but is on the list again and being mailed.</source>
        <translation>{who} hat widerrufen, ist aber wieder auf der Liste und bekommt E-Mails.</translation>
    </message>
    <message>
        <source>It last worked {time}.</source>
        <translation>Zuletzt ging es {time}.</translation>
    </message>
    <message numerus="yes">
        <source>Unsubscribes could not be fetched from Constant Contact: the last {n} attempts failed.</source>
        <comment>Unsubscribes could not be fetched from Constant Contact: the last {n} attempts failed.</comment>
        <translation>
            <numerusform>Abbestellungen ließen sich nicht von Constant Contact holen: Der letzte Versuch ist fehlgeschlagen.</numerusform>
            <numerusform>Abbestellungen ließen sich nicht von Constant Contact holen: Die letzten {n} Versuche sind fehlgeschlagen.</numerusform>
        </translation>
    </message>
    <message>
        <source>Unsubscribes could not be fetched from Constant Contact.</source>
        <translation>Abbestellungen ließen sich nicht von Constant Contact holen.</translation>
    </message>
    <message numerus="yes">
        <source>Customer changes could not be sent to Constant Contact: the last {n} attempts failed.</source>
        <comment>Customer changes could not be sent to Constant Contact: the last {n} attempts failed.</comment>
        <translation>
            <numerusform>Kundenänderungen ließen sich nicht an Constant Contact senden: Der letzte Versuch ist fehlgeschlagen.</numerusform>
            <numerusform>Kundenänderungen ließen sich nicht an Constant Contact senden: Die letzten {n} Versuche sind fehlgeschlagen.</numerusform>
        </translation>
    </message>
    <message>
        <source>Customer changes could not be sent to Constant Contact.</source>
        <translation>Kundenänderungen ließen sich nicht an Constant Contact senden.</translation>
    </message>
    <message>
        <source>{kind} did not work.</source>
        <translation>{kind} ist nicht gelungen.</translation>
    </message>
    <message>
        <source>{kind} did not work: the last {n} attempts failed.</source>
        <translation>{kind} ist nicht gelungen: Die letzten {n} Versuche sind fehlgeschlagen.</translation>
    </message>
    <message>
        <source>The list “{name}” was deleted in Constant Contact, so nothing is added or removed.</source>
        <translation>Die Liste „{name}“ wurde in Constant Contact gelöscht, deshalb wird niemand hinzugefügt oder entfernt.</translation>
    </message>
    <message>
        <source>Choose a list…</source>
        <translation>Liste wählen…</translation>
    </message>
    <message>
        <source>Writing to Kibo is stopped: customer {customer} lost data when its opt-in was written. Check that customer in Kibo first.</source>
        <translation>Das Schreiben in Kibo ist angehalten: Kunde {customer} hat Daten verloren, als seine Einwilligung geschrieben wurde. Prüfen Sie zuerst diesen Kunden in Kibo.</translation>
    </message>
    <message>
        <source>Continue…</source>
        <translation>Fortfahren…</translation>
    </message>
    <message>
        <source>The automatic sync has stopped because of a fault. Quit, and start the program again.</source>
        <translation>Der automatische Abgleich hat wegen eines Fehlers angehalten. Beenden Sie das Programm und starten Sie es neu.</translation>
    </message>
    <message>
        <source>File</source>
        <translation>Ablage</translation>
    </message>
    <message>
        <source>View</source>
        <comment>menu</comment>
        <translation>Darstellung</translation>
    </message>
    <message>
        <source>Minimise</source>
        <translation>Im Dock ablegen</translation>
    </message>
    <message>
        <source>Window</source>
        <translation>Fenster</translation>
    </message>
    <message>
        <source>Save diagnostics…</source>
        <translation>Diagnosedatei speichern…</translation>
    </message>
    <message>
        <source>Licences…</source>
        <translation>Lizenzen…</translation>
    </message>
    <message>
        <source>Check for updates…</source>
        <translation>Nach Updates suchen…</translation>
    </message>
    <message>
        <source>The last export failed.</source>
        <translation>Der letzte Export ist fehlgeschlagen.</translation>
    </message>
    <message>
        <source>Show it</source>
        <translation>Anzeigen</translation>
    </message>
    <message>
        <source>The export waits for your answer: what becomes of customers in Constant Contact who may have left the list. Nobody was sent yet.</source>
        <translation>Der Export wartet auf Ihre Antwort: was aus Kunden in Constant Contact wird, die die Liste vielleicht verlassen haben. Es wurde noch niemand gesendet.</translation>
    </message>
    <message numerus="yes">
        <source>{n} changes keep failing (still trying).</source>
        <comment>{n} change keeps failing (still trying).</comment>
        <translation>
            <numerusform>{n} Änderung schlägt immer wieder fehl (wird weiter versucht).</numerusform>
            <numerusform>{n} Änderungen schlagen immer wieder fehl (werden weiter versucht).</numerusform>
        </translation>
    </message>
    <message>
        <source>Show changes</source>
        <translation>Änderungen anzeigen</translation>
    </message>
    <message numerus="yes">
        <source>{n} changes need your attention.</source>
        <comment>{n} change needs your attention.</comment>
        <translation>
            <numerusform>{n} Änderung braucht Ihre Aufmerksamkeit.</numerusform>
            <numerusform>{n} Änderungen brauchen Ihre Aufmerksamkeit.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n} opt-outs wait for your answer: unusually many at once.</source>
        <comment>{n} opt-out waits for your answer: unusually many at once.</comment>
        <translation>
            <numerusform>{n} Widerruf wartet auf Ihre Antwort: ungewöhnlich viele auf einmal.</numerusform>
            <numerusform>{n} Widerrufe warten auf Ihre Antwort: ungewöhnlich viele auf einmal.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n} welcome emails wait for your answer: unusually many at once.</source>
        <comment>{n} welcome email waits for your answer: unusually many at once.</comment>
        <translation>
            <numerusform>{n} Begrüßungs-E-Mail wartet auf Ihre Antwort: ungewöhnlich viele auf einmal.</numerusform>
            <numerusform>{n} Begrüßungs-E-Mails warten auf Ihre Antwort: ungewöhnlich viele auf einmal.</numerusform>
        </translation>
    </message>
    <message>
        <source>Answer…</source>
        <translation>Antworten…</translation>
    </message>
    <message numerus="yes">
        <source>{n} customers opted in under the email of somebody who had opted out.</source>
        <comment>{n} customer opted in under the email of somebody who had opted out.</comment>
        <translation>
            <numerusform>{n} Kunde hat mit der E-Mail-Adresse von jemandem eingewilligt, der widerrufen hatte.</numerusform>
            <numerusform>{n} Kunden haben mit der E-Mail-Adresse von jemandem eingewilligt, der widerrufen hatte.</numerusform>
        </translation>
    </message>
    <message>
        <source>Add or leave…</source>
        <translation>Hinzufügen oder weglassen…</translation>
    </message>
    <message>
        <source>The Kibo shared secret is missing.</source>
        <translation>Das gemeinsame Geheimnis von Kibo fehlt.</translation>
    </message>
    <message>
        <source>Enter it…</source>
        <translation>Eingeben…</translation>
    </message>
    <message>
        <source>ccdesk needs you</source>
        <translation>ccdesk braucht Sie</translation>
    </message>
    <message>
        <source>The computer was asleep.</source>
        <translation>Der Computer war im Ruhezustand.</translation>
    </message>
    <message>
        <source>ccdesk was not running.</source>
        <translation>ccdesk lief nicht.</translation>
    </message>
    <message>
        <source>Nothing is lost: what happened meanwhile is caught up by itself.</source>
        <translation>Nichts ist verloren: Was inzwischen geschehen ist, wird von selbst nachgeholt.</translation>
    </message>
    <message>
        <source>ccdesk ended unexpectedly</source>
        <translation>ccdesk wurde unerwartet beendet</translation>
    </message>
    <message>
        <source>That was {time}. Nothing that was done is lost, and what was begun goes on. A diagnostics file shows support why.</source>
        <translation>Das war {time}. Nichts, was getan wurde, ist verloren, und was begonnen war, geht weiter. Eine Diagnosedatei zeigt dem Support, warum.</translation>
    </message>
    <message>
        <source>Nothing ran from {since} to {until}</source>
        <translation>Von {since} bis {until} lief nichts</translation>
    </message>
    <message>
        <source>&amp;Save Diagnostics…</source>
        <translation>Diagnosedatei &amp;speichern…</translation>
    </message>
    <message>
        <source>nothing syncs automatically</source>
        <translation>nichts wird automatisch abgeglichen</translation>
    </message>
    <message>
        <source>Off: nothing syncs automatically</source>
        <translation>Aus: Nichts wird automatisch abgeglichen</translation>
    </message>
    <message>
        <source>who opted in before ccdesk came is not on the list; export them on the Sync tab</source>
        <translation>wer vor ccdesk eingewilligt hat, ist nicht auf der Liste; exportieren Sie diese Kunden auf der Registerkarte „Abgleich“</translation>
    </message>
    <message>
        <source>What is shown may be out of date.</source>
        <translation>Was gezeigt wird, kann veraltet sein.</translation>
    </message>
    <message>
        <source>Paused: the application is switched off in Kibo</source>
        <translation>Angehalten: Die Anwendung ist in Kibo ausgeschaltet</translation>
    </message>
    <message>
        <source>Off</source>
        <translation>Aus</translation>
    </message>
    <message>
        <source>On, but nothing was exported yet</source>
        <translation>Ein, aber es wurde noch nichts exportiert</translation>
    </message>
    <message>
        <source>On: looking at both sides for the first time</source>
        <translation>Ein: Beide Seiten werden zum ersten Mal angesehen</translation>
    </message>
    <message>
        <source>On: the first look at both sides comes next</source>
        <translation>Ein: Als Nächstes werden beide Seiten zum ersten Mal angesehen</translation>
    </message>
    <message>
        <source>{kind}: the last run failed</source>
        <translation>{kind}: Der letzte Lauf ist fehlgeschlagen</translation>
    </message>
    <message>
        <source>Changes wait for the next sync</source>
        <translation>Änderungen warten auf den nächsten Abgleich</translation>
    </message>
    <message>
        <source>Everything is in step</source>
        <translation>Alles ist im Einklang</translation>
    </message>
    <message>
        <source>Paused until {time}</source>
        <translation>Angehalten bis {time}</translation>
    </message>
    <message>
        <source>Paused: {service} is not connected</source>
        <translation>Angehalten: {service} ist nicht verbunden</translation>
    </message>
    <message>
        <source>Paused: neither Kibo nor Constant Contact answers; retrying</source>
        <translation>Angehalten: Weder Kibo noch Constant Contact antwortet; wird erneut versucht</translation>
    </message>
    <message>
        <source>Paused: neither Kibo nor Constant Contact answers since {time}; retrying</source>
        <translation>Angehalten: Seit {time} antwortet weder Kibo noch Constant Contact; wird erneut versucht</translation>
    </message>
    <message>
        <source>Paused: {service} does not answer; retrying</source>
        <translation>Angehalten: {service} antwortet nicht; wird erneut versucht</translation>
    </message>
    <message>
        <source>Paused: {service} does not answer since {time}; retrying</source>
        <translation>Angehalten: {service} antwortet seit {time} nicht; wird erneut versucht</translation>
    </message>
    <message>
        <source>Paused: {service}: {problem}</source>
        <translation>Angehalten: {service}: {problem}</translation>
    </message>
    <message>
        <source>Paused: {service} fails; retrying</source>
        <translation>Angehalten: {service} meldet Fehler; wird erneut versucht</translation>
    </message>
    <message>
        <source>Paused: {service} fails since {time}; retrying</source>
        <translation>Angehalten: {service} meldet seit {time} Fehler; wird erneut versucht</translation>
    </message>
    <message numerus="yes">
        <source>{n} customers on the list</source>
        <comment>{n} customer on the list</comment>
        <translation>
            <numerusform>{n} Kunde auf der Liste</numerusform>
            <numerusform>{n} Kunden auf der Liste</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n} customers in sync</source>
        <comment>{n} customer in sync</comment>
        <translation>
            <numerusform>{n} Kunde abgeglichen</numerusform>
            <numerusform>{n} Kunden abgeglichen</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n} with a change waiting</source>
        <comment>{n} with a change waiting</comment>
        <translation>
            <numerusform>{n} mit einer wartenden Änderung</numerusform>
            <numerusform>{n} mit einer wartenden Änderung</numerusform>
        </translation>
    </message>
    <message>
        <source>checked {ago}</source>
        <translation>geprüft {ago}</translation>
    </message>
    <message>
        <source>next {time}</source>
        <translation>nächster {time}</translation>
    </message>
    <message>
        <source>This is a bundle: it can only be looked at.</source>
        <translation>Das ist eine Diagnosedatei: Sie lässt sich nur ansehen.</translation>
    </message>
    <message>
        <source>{window}: bundle of {date}, read-only</source>
        <translation>{window}: Diagnosedatei vom {date}, nur lesbar</translation>
    </message>
    <message>
        <source>You are looking at a bundle of {date}</source>
        <translation>Sie sehen eine Diagnosedatei vom {date}</translation>
    </message>
    <message>
        <source>It shows what ccdesk knew then, with pseudonyms for people. Nothing is asked of the services from here, and nothing is changed.</source>
        <translation>Sie zeigt, was ccdesk damals wusste, mit Decknamen für Personen. Von hier aus wird bei den Diensten nichts gelesen und nichts geändert.</translation>
    </message>
    <message>
        <source>ccdesk is already open on this data, but its window does not answer</source>
        <translation>ccdesk ist mit diesen Daten schon offen, aber sein Fenster antwortet nicht</translation>
    </message>
    <message>
        <source>Only one window at a time works on the same data. Nothing was changed.</source>
        <translation>Mit denselben Daten arbeitet immer nur ein Fenster. Es wurde nichts geändert.</translation>
    </message>
    <message>
        <source>Look for that window. If there is none, end the program “ccdesk” and start it again.</source>
        <translation>Suchen Sie dieses Fenster. Gibt es keines, beenden Sie das Programm „ccdesk“ und starten Sie es neu.</translation>
    </message>
    <message>
        <source>Working: {kind}</source>
        <translation>Arbeitet: {kind}</translation>
    </message>
    <message>
        <source>Starting…</source>
        <translation>Startet…</translation>
    </message>
    <message>
        <source>No sync is planned</source>
        <translation>Es ist kein Abgleich geplant</translation>
    </message>
    <message>
        <source>Next sync: {time}</source>
        <translation>Nächster Abgleich: {time}</translation>
    </message>
    <message>
        <source>Connecting to Constant Contact</source>
        <translation>Verbindung mit Constant Contact</translation>
    </message>
    <message>
        <source>Writing to Kibo</source>
        <translation>In Kibo schreiben</translation>
    </message>
    <message>
        <source>Reading contacts from Constant Contact</source>
        <translation>Kontakte aus Constant Contact lesen</translation>
    </message>
    <message>
        <source>Comparing customers in Kibo</source>
        <translation>Kunden in Kibo vergleichen</translation>
    </message>
    <message>
        <source>Reading customers from Kibo</source>
        <translation>Kunden aus Kibo lesen</translation>
    </message>
    <message>
        <source>Comparing both sides</source>
        <translation>Beide Seiten vergleichen</translation>
    </message>
    <message>
        <source>Processing opt-outs</source>
        <translation>Widerrufe verarbeiten</translation>
    </message>
    <message>
        <source>Processing customer events</source>
        <translation>Kundenänderungen verarbeiten</translation>
    </message>
    <message>
        <source>Reading what changed in Kibo since</source>
        <translation>Lesen, was sich in Kibo seitdem geändert hat</translation>
    </message>
    <message>
        <source>Checking the result</source>
        <translation>Ergebnis prüfen</translation>
    </message>
    <message>
        <source>Sending to Constant Contact</source>
        <translation>An Constant Contact senden</translation>
    </message>
    <message>
        <source>Looking for what was sent last</source>
        <translation>Nach dem zuletzt Gesendeten suchen</translation>
    </message>
    <message>
        <source>Waiting for what was sent last</source>
        <translation>Auf das zuletzt Gesendete warten</translation>
    </message>
    <message>
        <source>Looking who left the list</source>
        <translation>Nachsehen, wer die Liste verlassen hat</translation>
    </message>
    <message>
        <source>Reading the list</source>
        <translation>Liste lesen</translation>
    </message>
    <message>
        <source>Looking for accounts in Kibo</source>
        <translation>Konten in Kibo suchen</translation>
    </message>
    <message>
        <source>Looking for changes in Kibo</source>
        <translation>Änderungen in Kibo suchen</translation>
    </message>
    <message>
        <source>Looking for changes in Constant Contact</source>
        <translation>Änderungen in Constant Contact suchen</translation>
    </message>
    <message>
        <source>Looking for opt-outs in Constant Contact</source>
        <translation>Widerrufe in Constant Contact suchen</translation>
    </message>
    <message>
        <source>Undoing</source>
        <translation>Rückgängig machen</translation>
    </message>
    <message>
        <source>answering about welcome emails</source>
        <translation>Antwort zu Begrüßungs-E-Mails</translation>
    </message>
    <message>
        <source>answering what is held</source>
        <translation>Antwort zu Zurückgehaltenem</translation>
    </message>
    <message>
        <source>changing the account</source>
        <translation>Wechsel des Kontos</translation>
    </message>
    <message>
        <source>comparing both sides</source>
        <translation>Vergleich beider Seiten</translation>
    </message>
    <message>
        <source>forgetting a person</source>
        <translation>Vergessen einer Person</translation>
    </message>
    <message>
        <source>looking for events</source>
        <translation>Suche nach Ereignissen</translation>
    </message>
    <message>
        <source>saving settings</source>
        <translation>Speichern der Einstellungen</translation>
    </message>
    <message>
        <source>start-up</source>
        <translation>Start</translation>
    </message>
    <message>
        <source>opted out in Kibo</source>
        <translation>hat in Kibo widerrufen</translation>
    </message>
    <message>
        <source>The email ends in “.invalid”: nobody can have it.</source>
        <translation>Die E-Mail-Adresse endet auf „.invalid“: So eine kann niemand haben.</translation>
    </message>
    <message>
        <source>The email address is not valid: its domain has no dot.</source>
        <translation>Die E-Mail-Adresse ist nicht gültig: In der Domain fehlt der Punkt.</translation>
    </message>
    <message>
        <source>opted out in Kibo: being taken off the list</source>
        <translation>hat in Kibo widerrufen: wird von der Liste genommen</translation>
    </message>
    <message>
        <source>opted out in Kibo: taken off the list</source>
        <translation>hat in Kibo widerrufen: von der Liste genommen</translation>
    </message>
    <message>
        <source>both sides changed: the sign-up in Constant Contact is later than the opt-out in Kibo</source>
        <translation>beide Seiten haben sich geändert: Die Eintragung in Constant Contact ist später als der Widerruf in Kibo</translation>
    </message>
    <message>
        <source>opted out in Kibo; was not on the list</source>
        <translation>hat in Kibo widerrufen; war nicht auf der Liste</translation>
    </message>
    <message>
        <source>the customer has another email in Kibo than the one that signed up</source>
        <translation>der Kunde hat in Kibo eine andere E-Mail-Adresse als die, die sich eingetragen hat</translation>
    </message>
    <message>
        <source>customer is gone from Kibo</source>
        <translation>den Kunden gibt es in Kibo nicht mehr</translation>
    </message>
    <message>
        <source>account is not active in Kibo: its opt-in is left as it is</source>
        <translation>das Konto ist in Kibo nicht aktiv: Seine Einwilligung bleibt, wie sie ist</translation>
    </message>
    <message>
        <source>opted in anew in Kibo after the opt-out: decided with the customer&apos;s event</source>
        <translation>hat nach dem Widerruf in Kibo neu eingewilligt: Das Ereignis des Kunden entscheidet</translation>
    </message>
    <message>
        <source>waiting: the contact is deleted in Constant Contact, which asks for no confirmation then</source>
        <translation>wartet: Der Kontakt ist in Constant Contact gelöscht, dann wird dort keine Bestätigung erbeten</translation>
    </message>
    <message>
        <source>waiting: the confirmation mail had been sent before</source>
        <translation>wartet: Die Bestätigungs-E-Mail war schon gesendet</translation>
    </message>
    <message>
        <source>waiting: Constant Contact has no contact with this email, and none that could be asked to confirm</source>
        <translation>wartet: In Constant Contact gibt es keinen Kontakt mit dieser E-Mail-Adresse und keinen, der um Bestätigung gebeten werden könnte</translation>
    </message>
    <message>
        <source>waits for an answer: unusually many welcome emails would be sent at once</source>
        <translation>wartet auf eine Antwort: Es würden ungewöhnlich viele Begrüßungs-E-Mails auf einmal gesendet</translation>
    </message>
    <message>
        <source>new contact</source>
        <translation>neuer Kontakt</translation>
    </message>
    <message>
        <source>already on the list</source>
        <translation>schon auf der Liste</translation>
    </message>
    <message>
        <source>put on the list</source>
        <translation>auf die Liste gesetzt</translation>
    </message>
    <message>
        <source>deleted in Constant Contact</source>
        <translation>in Constant Contact gelöscht</translation>
    </message>
    <message>
        <source>deleted contact brought back by the new opt-in</source>
        <translation>gelöschter Kontakt, durch die neue Einwilligung zurückgeholt</translation>
    </message>
    <message>
        <source>opted out in Constant Contact; the opt-out stands</source>
        <translation>hat in Constant Contact widerrufen; der Widerruf gilt</translation>
    </message>
    <message>
        <source>not in Constant Contact any more (deleted, or its email changed there)</source>
        <translation>nicht mehr in Constant Contact (gelöscht, oder die E-Mail-Adresse wurde dort geändert)</translation>
    </message>
    <message>
        <source>already on the list; contact from another source, left as it is</source>
        <translation>schon auf der Liste; Kontakt aus anderer Quelle, bleibt, wie er ist</translation>
    </message>
    <message>
        <source>contact from another source: added to the list, its fields kept</source>
        <translation>Kontakt aus anderer Quelle: auf die Liste gesetzt, seine Felder bleiben</translation>
    </message>
    <message>
        <source>nothing differs</source>
        <translation>kein Unterschied</translation>
    </message>
    <message>
        <source>fields brought up to date</source>
        <translation>Felder auf den neuesten Stand gebracht</translation>
    </message>
    <message>
        <source>put back on the list</source>
        <translation>wieder auf die Liste gesetzt</translation>
    </message>
    <message>
        <source>taken off the list by undoing a run: left off until they opt in anew or sign up</source>
        <translation>durch das Rückgängigmachen eines Laufs von der Liste genommen: bleibt weg bis zu einer neuen Einwilligung oder Eintragung</translation>
    </message>
    <message>
        <source>another account of this person opted out: decided with the customer&apos;s event</source>
        <translation>ein anderes Konto dieser Person hat widerrufen: Das Ereignis des Kunden entscheidet</translation>
    </message>
    <message>
        <source>may have left the list before its first export: left out until the customer opts in anew</source>
        <translation>hat die Liste vielleicht vor ihrem ersten Export verlassen: bleibt weg, bis der Kunde neu einwilligt</translation>
    </message>
    <message>
        <source>opted out in Kibo meanwhile</source>
        <translation>hat inzwischen in Kibo widerrufen</translation>
    </message>
    <message>
        <source>no email in Kibo</source>
        <translation>keine E-Mail-Adresse in Kibo</translation>
    </message>
    <message>
        <source>email changed in Kibo; its event sees to it</source>
        <translation>E-Mail-Adresse in Kibo geändert; darum kümmert sich deren Ereignis</translation>
    </message>
    <message>
        <source>put back on the list: the opt-out that was held is answered</source>
        <translation>wieder auf die Liste gesetzt: Der zurückgehaltene Widerruf ist beantwortet</translation>
    </message>
    <message>
        <source>put back on the list, but opted out in Kibo meanwhile: to be taken off the list</source>
        <translation>wieder auf die Liste gesetzt, hat aber inzwischen in Kibo widerrufen: wird von der Liste genommen</translation>
    </message>
    <message>
        <source>signed up in Constant Contact, but not provably after the “no” in Kibo; the “no” stands there</source>
        <translation>hat sich in Constant Contact eingetragen, aber nicht nachweislich nach dem „Nein“ in Kibo; das „Nein“ gilt dort</translation>
    </message>
    <message>
        <source>resubscribed in Constant Contact</source>
        <translation>hat in Constant Contact wieder zugesagt</translation>
    </message>
    <message>
        <source>left the list in Constant Contact, or unsubscribed, while Kibo did not show the customer</source>
        <translation>hat in Constant Contact die Liste verlassen oder abbestellt, während Kibo den Kunden nicht zeigte</translation>
    </message>
    <message>
        <source>no change of opt-in or email</source>
        <translation>Einwilligung und E-Mail-Adresse unverändert</translation>
    </message>
    <message>
        <source>customer is gone from Kibo; the contact is left as it is</source>
        <translation>den Kunden gibt es in Kibo nicht mehr; der Kontakt bleibt, wie er ist</translation>
    </message>
    <message>
        <source>opted out in Kibo by mistake, as a person has said: left on the list</source>
        <translation>hat in Kibo versehentlich widerrufen, wie jemand gesagt hat: bleibt auf der Liste</translation>
    </message>
    <message>
        <source>Kibo&apos;s answer for this account cannot be read; it is left as it is.</source>
        <translation>Die Antwort von Kibo zu diesem Konto ist nicht lesbar; es bleibt, wie es ist.</translation>
    </message>
    <message>
        <source>in Constant Contact but not on the list, which they may have left: decided with the first export</source>
        <translation>in Constant Contact, aber nicht auf der Liste, die die Person verlassen haben kann: Der erste Export entscheidet</translation>
    </message>
    <message>
        <source>already in Constant Contact</source>
        <translation>schon in Constant Contact</translation>
    </message>
    <message>
        <source>opted in by an account that came after this person&apos;s opt-out, or by a guest: staff add or leave them</source>
        <translation>Einwilligung durch ein Konto, das erst nach dem Widerruf dieser Person kam, oder durch einen Gast: Mitarbeiter fügen hinzu oder lassen weg</translation>
    </message>
    <message>
        <source>The customer has no email in Kibo.</source>
        <translation>Der Kunde hat in Kibo keine E-Mail-Adresse.</translation>
    </message>
    <message>
        <source>Not on the list after it was sent to Constant Contact</source>
        <translation>Nach dem Senden an Constant Contact nicht auf der Liste</translation>
    </message>
    <message>
        <source>email changed in Kibo after this was sent; its event saw to it</source>
        <translation>E-Mail-Adresse in Kibo nach dem Senden geändert; darum hat sich deren Ereignis gekümmert</translation>
    </message>
    <message>
        <source>opted out after this was sent; what is newer is decided with the customer&apos;s event</source>
        <translation>hat nach dem Senden widerrufen; was neuer ist, entscheidet das Ereignis des Kunden</translation>
    </message>
    <message>
        <source>Signed up in Constant Contact, but the account cannot be read in Kibo: nothing was changed there. If the opt-in is not set, set it by hand.</source>
        <translation>Hat sich in Constant Contact eingetragen, aber das Konto ist in Kibo nicht lesbar: Dort wurde nichts geändert. Ist die Einwilligung nicht gesetzt, setzen Sie sie von Hand.</translation>
    </message>
    <message>
        <source>opted in again in Kibo after unsubscribing, and was asked for the one confirmation before: nothing is undone, and they get no mail until they sign up themselves</source>
        <translation>hat nach dem Abbestellen in Kibo neu eingewilligt und war schon einmal um die Bestätigung gebeten worden: Nichts wird rückgängig gemacht, und es kommen keine E-Mails, bis sich die Person selbst einträgt</translation>
    </message>
    <message>
        <source>added to another list than the active one: choose that list again to undo it</source>
        <translation>auf eine andere als die verwendete Liste gesetzt: Wählen Sie jene Liste wieder, um es rückgängig zu machen</translation>
    </message>
    <message>
        <source>which list they were added to was not noted yet at that time: left as it is</source>
        <translation>auf welche Liste gesetzt wurde, war damals noch nicht vermerkt: bleibt, wie es ist</translation>
    </message>
    <message>
        <source>nothing is remembered of this customer any more: left as it is</source>
        <translation>von diesem Kunden ist nichts mehr bekannt: bleibt, wie es ist</translation>
    </message>
    <message>
        <source>it is not known any more that this run switched the opt-in on: left as it is</source>
        <translation>es ist nicht mehr bekannt, dass dieser Lauf die Einwilligung gesetzt hat: bleibt, wie es ist</translation>
    </message>
    <message>
        <source>the customer has another email by now: left as it is</source>
        <translation>der Kunde hat inzwischen eine andere E-Mail-Adresse: bleibt, wie es ist</translation>
    </message>
    <message>
        <source>taken off the list before, by an undo</source>
        <translation>schon vorher durch Rückgängigmachen von der Liste genommen</translation>
    </message>
    <message>
        <source>opt-in switched off before, by an undo</source>
        <translation>Einwilligung schon vorher durch Rückgängigmachen zurückgesetzt</translation>
    </message>
    <message>
        <source>the contact was deleted in Constant Contact since: left as it is</source>
        <translation>der Kontakt wurde seither in Constant Contact gelöscht: bleibt, wie es ist</translation>
    </message>
    <message>
        <source>not on the list any more: left as it is</source>
        <translation>nicht mehr auf der Liste: bleibt, wie es ist</translation>
    </message>
    <message>
        <source>unsubscribed in Constant Contact: the opt-out stands</source>
        <translation>hat in Constant Contact abbestellt: Der Widerruf gilt</translation>
    </message>
    <message>
        <source>the customer is gone from Kibo: left as it is</source>
        <translation>den Kunden gibt es in Kibo nicht mehr: bleibt, wie es ist</translation>
    </message>
    <message>
        <source>The account or contact cannot be read; nothing was changed. Undo the run again later.</source>
        <translation>Konto oder Kontakt sind nicht lesbar; es wurde nichts geändert. Machen Sie den Lauf später noch einmal rückgängig.</translation>
    </message>
    <message>
        <source>opted out in Kibo since: the opt-out stands, and the ordinary runs carry it</source>
        <translation>hat seither in Kibo widerrufen: Der Widerruf gilt, und die gewöhnlichen Läufe übertragen ihn</translation>
    </message>
    <message>
        <source>opted out in Constant Contact since: the opt-out stands, and the ordinary runs carry it</source>
        <translation>hat seither in Constant Contact widerrufen: Der Widerruf gilt, und die gewöhnlichen Läufe übertragen ihn</translation>
    </message>
    <message>
        <source>opted in again in Kibo since: left as it is</source>
        <translation>hat seither in Kibo neu eingewilligt: bleibt, wie es ist</translation>
    </message>
    <message>
        <source>signed up in Constant Contact since: left as it is</source>
        <translation>hat sich seither in Constant Contact eingetragen: bleibt, wie es ist</translation>
    </message>
    <message>
        <source>an opt-in since then waits for an answer: left as it is</source>
        <translation>eine Einwilligung von seither wartet auf Antwort: bleibt, wie es ist</translation>
    </message>
    <message>
        <source>put on the list by others since: left as it is</source>
        <translation>seither von anderen auf die Liste gesetzt: bleibt, wie es ist</translation>
    </message>
    <message>
        <source>answered for by staff since: left as it is</source>
        <translation>seither von Mitarbeitern beantwortet: bleibt, wie es ist</translation>
    </message>
    <message>
        <source>left the list since: the opt-out stands, and the ordinary runs carry it</source>
        <translation>hat seither die Liste verlassen: Der Widerruf gilt, und die gewöhnlichen Läufe übertragen ihn</translation>
    </message>
    <message>
        <source>unsubscribed in Constant Contact, by its staff</source>
        <translation>in Constant Contact abbestellt, durch dortige Mitarbeiter</translation>
    </message>
    <message>
        <source>Give an address such as https://home.mozu.com.</source>
        <translation>Geben Sie eine Adresse wie https://home.mozu.com an.</translation>
    </message>
    <message>
        <source>Only https addresses are allowed, except on this computer itself.</source>
        <translation>Nur https-Adressen sind erlaubt, außer auf diesem Computer selbst.</translation>
    </message>
    <message>
        <source>Give the address without user name and password.</source>
        <translation>Geben Sie die Adresse ohne Benutzernamen und Passwort an.</translation>
    </message>
    <message>
        <source>Give the host with plain letters, digits, dots and hyphens only.</source>
        <translation>Geben Sie den Rechnernamen nur mit einfachen Buchstaben, Ziffern, Punkten und Bindestrichen an.</translation>
    </message>
    <message>
        <source>Give the tenant&apos;s number, digits only.</source>
        <translation>Geben Sie die Nummer des Tenants an, nur Ziffern.</translation>
    </message>
    <message>
        <source>A list name has at most 255 characters.</source>
        <translation>Ein Listenname hat höchstens 255 Zeichen.</translation>
    </message>
    <message>
        <source>Give one email address of at most 80 characters.</source>
        <translation>Geben Sie eine E-Mail-Adresse mit höchstens 80 Zeichen an.</translation>
    </message>
    <message>
        <source>Give a number of days from 1 to 3650.</source>
        <translation>Geben Sie eine Anzahl Tage von 1 bis 3650 an.</translation>
    </message>
    <message>
        <source>The automatic sync has been started again. If it comes back, save diagnostics for support.</source>
        <translation>Der automatische Abgleich wurde neu gestartet. Geschieht das wieder, speichern Sie eine Diagnosedatei für den Support.</translation>
    </message>
    <message>
        <source>The automatic sync has stopped. Quit ccdesk and start it again; save diagnostics for support.</source>
        <translation>Der automatische Abgleich hat angehalten. Beenden Sie ccdesk und starten Sie es neu; speichern Sie eine Diagnosedatei für den Support.</translation>
    </message>
    <message>
        <source>Go to &amp;Info</source>
        <translation>Zu „&amp;Info“</translation>
    </message>
    <message>
        <source>&amp;Go to Settings</source>
        <translation>Zu den &amp;Einstellungen</translation>
    </message>
    <message>
        <source>Makes a draft in Constant Contact with this address for “{name}”, and opens it in the browser. Nothing is scheduled or sent.</source>
        <translation>Legt in Constant Contact einen Entwurf mit dieser Adresse für „{name}“ an und öffnet ihn im Browser. Nichts wird geplant oder gesendet.</translation>
    </message>
    <message>
        <source>Making the draft…</source>
        <translation>Der Entwurf wird angelegt…</translation>
    </message>
    <message>
        <source>The settings are being read…</source>
        <translation>Die Einstellungen werden gelesen…</translation>
    </message>
    <message>
        <source>Save your changes first.</source>
        <translation>Speichern Sie zuerst Ihre Änderungen.</translation>
    </message>
    <message>
        <source>Choose and save a contact list first.</source>
        <translation>Wählen und speichern Sie zuerst eine Kontaktliste.</translation>
    </message>
    <message>
        <source>Choose another contact list first: this one was deleted.</source>
        <translation>Wählen Sie zuerst eine andere Kontaktliste: Diese wurde gelöscht.</translation>
    </message>
    <message>
        <source>Choose and save an address first.</source>
        <translation>Wählen und speichern Sie zuerst eine Adresse.</translation>
    </message>
    <message>
        <source>Log in to Constant Contact on the Info tab first.</source>
        <translation>Melden Sie sich zuerst auf der Registerkarte „Info“ bei Constant Contact an.</translation>
    </message>
    <message>
        <source>Constant Contact cannot be used just now: the Info tab says why.</source>
        <translation>Constant Contact ist gerade nicht nutzbar: Die Registerkarte „Info“ sagt, warum.</translation>
    </message>
    <message>
        <source>&amp;New Campaign Draft</source>
        <translation>&amp;Neuer Kampagnenentwurf</translation>
    </message>
    <message>
        <source>“{name}”, from {address}.</source>
        <translation>„{name}“, von {address}.</translation>
    </message>
    <message>
        <source>It was made at the last try, whose answer was lost.</source>
        <translation>Er wurde beim letzten Versuch angelegt, dessen Antwort verloren ging.</translation>
    </message>
    <message>
        <source>The list could not be chosen in it: choose it there.</source>
        <translation>Die Liste ließ sich darin nicht wählen: Wählen Sie sie dort.</translation>
    </message>
    <message>
        <source>It was opened in your browser.</source>
        <translation>Er wurde in Ihrem Browser geöffnet.</translation>
    </message>
    <message>
        <source>Your browser could not be opened.</source>
        <translation>Ihr Browser ließ sich nicht öffnen.</translation>
    </message>
    <message>
        <source>Nothing is scheduled or sent.</source>
        <translation>Nichts ist geplant oder gesendet.</translation>
    </message>
    <message>
        <source>Draft made</source>
        <translation>Entwurf angelegt</translation>
    </message>
    <message>
        <source>Open in &amp;Browser</source>
        <translation>Im &amp;Browser öffnen</translation>
    </message>
    <message>
        <source>No draft</source>
        <translation>Kein Entwurf</translation>
    </message>
    <message>
        <source>Checking…</source>
        <translation>Wird geprüft…</translation>
    </message>
    <message>
        <source>No answer yet, trying again…</source>
        <translation>Noch keine Antwort, neuer Versuch…</translation>
    </message>
    <message>
        <source>Waiting for this computer&apos;s keyring, where the login is kept. It may be asking for your password in another window.</source>
        <translation>Es wird auf den Schlüsselbund dieses Computers gewartet, in dem die Anmeldung liegt. Vielleicht fragt er in einem anderen Fenster nach Ihrem Passwort.</translation>
    </message>
    <message>
        <source>Check connections</source>
        <translation>Verbindungen prüfen</translation>
    </message>
    <message>
        <source>Read both services now, and see about whom they differ</source>
        <translation>Beide Dienste jetzt lesen und sehen, bei wem sie sich unterscheiden</translation>
    </message>
    <message>
        <source>Compare both sides…</source>
        <translation>Beide Seiten vergleichen…</translation>
    </message>
    <message>
        <source>Checked {ago}</source>
        <translation>Geprüft {ago}</translation>
    </message>
    <message>
        <source>Connect Kibo</source>
        <translation>Kibo verbinden</translation>
    </message>
    <message>
        <source>Log in</source>
        <translation>Anmelden</translation>
    </message>
    <message>
        <source>Choose a list</source>
        <translation>Liste wählen</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>Export</translation>
    </message>
    <message>
        <source>Turn on</source>
        <translation>Einschalten</translation>
    </message>
    <message>
        <source>First day</source>
        <translation>Erster Tag</translation>
    </message>
    <message>
        <source>done</source>
        <translation>erledigt</translation>
    </message>
    <message>
        <source>under way</source>
        <translation>im Gange</translation>
    </message>
    <message>
        <source>still to come</source>
        <translation>kommt noch</translation>
    </message>
    <message>
        <source>failed here</source>
        <translation>hier gescheitert</translation>
    </message>
    <message>
        <source>stopped here</source>
        <translation>hier angehalten</translation>
    </message>
    <message>
        <source>waits here</source>
        <translation>wartet hier</translation>
    </message>
    <message>
        <source>{step}: {state}</source>
        <translation>{step}: {state}</translation>
    </message>
    <message>
        <source>Steps of the run</source>
        <translation>Schritte des Laufs</translation>
    </message>
    <message>
        <source>Step {n} of {total}: {phase}</source>
        <translation>Schritt {n} von {total}: {phase}</translation>
    </message>
    <message>
        <source>Step {n} of {total}: {phase}, {state}</source>
        <translation>Schritt {n} von {total}: {phase}, {state}</translation>
    </message>
    <message>
        <source>next</source>
        <translation>als Nächstes</translation>
    </message>
    <message>
        <source>to do</source>
        <translation>noch zu tun</translation>
    </message>
    <message>
        <source>Step {number}, {step}, {state}</source>
        <translation>Schritt {number}, {step}, {state}</translation>
    </message>
    <message>
        <source>Not set up</source>
        <translation>Nicht eingerichtet</translation>
    </message>
    <message>
        <source>Not checked yet</source>
        <translation>Noch nicht geprüft</translation>
    </message>
    <message>
        <source>Connected</source>
        <translation>Verbunden</translation>
    </message>
    <message>
        <source>Login needed</source>
        <translation>Anmeldung nötig</translation>
    </message>
    <message>
        <source>No answer yet</source>
        <translation>Noch keine Antwort</translation>
    </message>
    <message>
        <source>Details</source>
        <translation>Details</translation>
    </message>
    <message>
        <source>Details of {service}</source>
        <translation>Details zu {service}</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>Erneut versuchen</translation>
    </message>
    <message>
        <source>No events are waiting</source>
        <translation>Es warten keine Ereignisse</translation>
    </message>
    <message>
        <source>Click Refresh to look for customer changes in Kibo. They stay here until a run has processed them.</source>
        <translation>Klicken Sie auf „Aktualisieren“, um Kundenänderungen in Kibo zu suchen. Sie bleiben hier, bis ein Lauf sie verarbeitet hat.</translation>
    </message>
    <message>
        <source>Select an event to read more about it.</source>
        <translation>Wählen Sie ein Ereignis, um mehr darüber zu lesen.</translation>
    </message>
    <message>
        <source>The email of this customer is not known yet.</source>
        <translation>Die E-Mail-Adresse dieses Kunden ist noch nicht bekannt.</translation>
    </message>
    <message>
        <source>The customer&apos;s account changed in Kibo. The run that processes this event reads the account anew, and decides by what it finds then.</source>
        <translation>Das Konto des Kunden hat sich in Kibo geändert. Der Lauf, der dieses Ereignis verarbeitet, liest das Konto neu und entscheidet nach dem, was er dann vorfindet.</translation>
    </message>
    <message>
        <source>A temporary problem: it is tried again by itself.</source>
        <translation>Ein vorübergehendes Problem: Es wird von selbst noch einmal versucht.</translation>
    </message>
    <message>
        <source>How the event stands, and why</source>
        <translation>Wie es um das Ereignis steht und warum</translation>
    </message>
    <message>
        <source>The event chosen</source>
        <translation>Das gewählte Ereignis</translation>
    </message>
    <message>
        <source>Customer id: {id}</source>
        <translation>Kundennummer: {id}</translation>
    </message>
    <message>
        <source>Changed in Kibo: {time}</source>
        <translation>In Kibo geändert: {time}</translation>
    </message>
    <message>
        <source>Tries: {n}</source>
        <translation>Versuche: {n}</translation>
    </message>
    <message>
        <source>Next try: {time}</source>
        <translation>Nächster Versuch: {time}</translation>
    </message>
    <message>
        <source>Processed: {time}</source>
        <translation>Verarbeitet: {time}</translation>
    </message>
    <message>
        <source>An export is running</source>
        <translation>Ein Export läuft</translation>
    </message>
    <message>
        <source>Customer changes are being synced</source>
        <translation>Kundenänderungen werden abgeglichen</translation>
    </message>
    <message>
        <source>A check for unsubscribes is running</source>
        <translation>Eine Suche nach Abbestellungen läuft</translation>
    </message>
    <message>
        <source>The daily comparison is running</source>
        <translation>Der tägliche Vergleich läuft</translation>
    </message>
    <message>
        <source>A run is being undone</source>
        <translation>Ein Lauf wird rückgängig gemacht</translation>
    </message>
    <message>
        <source>Another program is working on the same data</source>
        <translation>Ein anderes Programm arbeitet mit denselben Daten</translation>
    </message>
    <message>
        <source>&amp;Refresh</source>
        <translation>&amp;Aktualisieren</translation>
    </message>
    <message>
        <source>Look for This &amp;Name in Kibo</source>
        <translation>In Kibo nach diesem &amp;Namen suchen</translation>
    </message>
    <message>
        <source>Customers with this name</source>
        <translation>Kunden mit diesem Namen</translation>
    </message>
    <message>
        <source>ccdesk keeps no names. Kibo can be asked who has this one.</source>
        <translation>ccdesk merkt sich keine Namen. Kibo kann gefragt werden, wer so heißt.</translation>
    </message>
    <message>
        <source>Asking Kibo…</source>
        <translation>Kibo wird gefragt…</translation>
    </message>
    <message numerus="yes">
        <source>{n} customers found in Kibo</source>
        <comment>{n} customer found in Kibo</comment>
        <translation>
            <numerusform>{n} Kunde in Kibo gefunden</numerusform>
            <numerusform>{n} Kunden in Kibo gefunden</numerusform>
        </translation>
    </message>
    <message>
        <source>There may be more: give more of the name.</source>
        <translation>Es gibt vielleicht mehr: Geben Sie mehr vom Namen an.</translation>
    </message>
    <message>
        <source>Send the changes that wait to Constant Contact now</source>
        <translation>Die wartenden Änderungen jetzt an Constant Contact senden</translation>
    </message>
    <message>
        <source>Enable the application on the Info tab first</source>
        <translation>Schalten Sie zuerst die Anwendung auf der Registerkarte „Info“ ein</translation>
    </message>
    <message>
        <source>No run is known that dealt with this event</source>
        <translation>Es ist kein Lauf bekannt, der dieses Ereignis bearbeitet hat</translation>
    </message>
    <message>
        <source>Runs are kept for a limited time: this one may be gone.</source>
        <translation>Läufe werden nur eine gewisse Zeit aufbewahrt: Dieser ist vielleicht nicht mehr da.</translation>
    </message>
    <message>
        <source>The event waits again</source>
        <translation>Das Ereignis wartet wieder</translation>
    </message>
    <message>
        <source>It is tried once the application is enabled.</source>
        <translation>Es wird versucht, sobald die Anwendung eingeschaltet ist.</translation>
    </message>
    <message>
        <source>The events wait again</source>
        <translation>Die Ereignisse warten wieder</translation>
    </message>
    <message>
        <source>They are tried once the application is enabled.</source>
        <translation>Sie werden versucht, sobald die Anwendung eingeschaltet ist.</translation>
    </message>
    <message>
        <source>S&amp;ync changes now</source>
        <translation>Änderungen jetzt ab&amp;gleichen</translation>
    </message>
    <message>
        <source>Show pro&amp;cessed</source>
        <translation>Verar&amp;beitete zeigen</translation>
    </message>
    <message>
        <source>Event queue</source>
        <translation>Warteschlange der Ereignisse</translation>
    </message>
    <message>
        <source>Re&amp;try</source>
        <translation>Erneut &amp;versuchen</translation>
    </message>
    <message>
        <source>Open R&amp;un…</source>
        <translation>La&amp;uf öffnen…</translation>
    </message>
    <message>
        <source>Try this event again now</source>
        <translation>Dieses Ereignis jetzt noch einmal versuchen</translation>
    </message>
    <message>
        <source>Try everything again that needs your attention, or waits for its next try</source>
        <translation>Alles noch einmal versuchen, was Ihre Aufmerksamkeit braucht oder auf seinen nächsten Versuch wartet</translation>
    </message>
    <message>
        <source>Retry &amp;all</source>
        <translation>A&amp;lle erneut versuchen</translation>
    </message>
    <message>
        <source>Why this customer is on the list or not</source>
        <translation>Warum dieser Kunde auf der Liste ist oder nicht</translation>
    </message>
    <message>
        <source>Show the run that dealt with this event last</source>
        <translation>Den Lauf zeigen, der dieses Ereignis zuletzt bearbeitet hat</translation>
    </message>
    <message>
        <source>Size of the details</source>
        <translation>Größe der Einzelheiten</translation>
    </message>
    <message>
        <source>{what}; the queue is looked at when it ends</source>
        <translation>{what}; danach wird die Warteschlange angesehen</translation>
    </message>
    <message numerus="yes">
        <source>{n} new events found</source>
        <comment>{n} new event found</comment>
        <translation>
            <numerusform>{n} neues Ereignis gefunden</numerusform>
            <numerusform>{n} neue Ereignisse gefunden</numerusform>
        </translation>
    </message>
    <message>
        <source>Everybody who has opted in to marketing in Kibo is put on the list. People who unsubscribed in Constant Contact, or left the list, are not added again. The export sends no welcome email.</source>
        <translation>Alle, die in Kibo in Werbung eingewilligt haben, kommen auf die Liste. Wer in Constant Contact abbestellt oder die Liste verlassen hat, wird nicht wieder hinzugefügt. Der Export sendet keine Begrüßungs-E-Mail.</translation>
    </message>
    <message>
        <source>Constant Contact does not tell ccdesk which automations start when a contact joins the list “{name}”. One that does starts for everybody added, and may send email to all of them: look under Automations there, and pause it first.</source>
        <translation>Constant Contact sagt ccdesk nicht, welche Automationen beginnen, wenn ein Kontakt auf die Liste „{name}“ kommt. Eine solche beginnt für alle, die hinzugefügt werden, und kann ihnen allen E-Mails senden: Sehen Sie dort unter „Automations“ nach, und halten Sie sie vorher an.</translation>
    </message>
    <message>
        <source>Joining the list “{name}” starts an automation in Constant Contact: {automations}. It starts for everybody added, and may send email to all of them: pause it there first. There may be others that ccdesk cannot see.</source>
        <translation>Wer auf die Liste „{name}“ kommt, startet in Constant Contact eine Automation: {automations}. Sie beginnt für alle, die hinzugefügt werden, und kann ihnen allen E-Mails senden: Halten Sie sie dort vorher an. Es kann weitere geben, die ccdesk nicht sieht.</translation>
    </message>
    <message>
        <source>First see who would be added. Nothing is changed by looking.</source>
        <translation>Sehen Sie zuerst, wer hinzugefügt würde. Durch das Nachsehen wird nichts geändert.</translation>
    </message>
    <message>
        <source>Looking who would be added. Nothing is changed.</source>
        <translation>Es wird nachgesehen, wer hinzugefügt würde. Nichts wird geändert.</translation>
    </message>
    <message numerus="yes">
        <source>{n} will be added</source>
        <comment>{n} will be added</comment>
        <translation>
            <numerusform>{n} wird hinzugefügt</numerusform>
            <numerusform>{n} werden hinzugefügt</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n} will be put on the list</source>
        <comment>{n} will be put on the list</comment>
        <translation>
            <numerusform>{n} wird auf die Liste gesetzt</numerusform>
            <numerusform>{n} werden auf die Liste gesetzt</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n} already there</source>
        <comment>{n} already there</comment>
        <translation>
            <numerusform>{n} schon da</numerusform>
            <numerusform>{n} schon da</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n} skipped</source>
        <comment>{n} skipped</comment>
        <translation>
            <numerusform>{n} übergangen</numerusform>
            <numerusform>{n} übergangen</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n} wait for your answer</source>
        <comment>{n} waits for your answer</comment>
        <translation>
            <numerusform>{n} wartet auf Ihre Antwort</numerusform>
            <numerusform>{n} warten auf Ihre Antwort</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n} invalid emails</source>
        <comment>{n} invalid email</comment>
        <translation>
            <numerusform>{n} ungültige E-Mail-Adresse</numerusform>
            <numerusform>{n} ungültige E-Mail-Adressen</numerusform>
        </translation>
    </message>
    <message>
        <source>Put your customers on the list</source>
        <translation>Setzen Sie Ihre Kunden auf die Liste</translation>
    </message>
    <message>
        <source>Show who they are</source>
        <translation>Zeigen, wer sie sind</translation>
    </message>
    <message>
        <source>&amp;Preview</source>
        <translation>&amp;Vorschau</translation>
    </message>
    <message>
        <source>The export is done</source>
        <translation>Der Export ist fertig</translation>
    </message>
    <message>
        <source>&amp;Look again</source>
        <translation>Noch einmal &amp;nachsehen</translation>
    </message>
    <message>
        <source>Exporting…</source>
        <translation>Wird exportiert…</translation>
    </message>
    <message>
        <source>Stopping…</source>
        <translation>Wird angehalten…</translation>
    </message>
    <message numerus="yes">
        <source>{n} cannot be added</source>
        <comment>{n} cannot be added</comment>
        <translation>
            <numerusform>{n} kann nicht hinzugefügt werden</numerusform>
            <numerusform>{n} können nicht hinzugefügt werden</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n} opted in:</source>
        <comment>{n} opted in:</comment>
        <translation>
            <numerusform>{n} hat eingewilligt:</numerusform>
            <numerusform>{n} haben eingewilligt:</numerusform>
        </translation>
    </message>
    <message>
        <source>&amp;Export…</source>
        <translation>&amp;Exportieren…</translation>
    </message>
    <message>
        <source>New list: it will be created, empty</source>
        <translation>Neue Liste: Sie wird angelegt und ist leer</translation>
    </message>
    <message>
        <source>Press F5 to try again.</source>
        <translation>Drücken Sie F5, um es noch einmal zu versuchen.</translation>
    </message>
    <message>
        <source>Which list do opted-in customers join?</source>
        <translation>Auf welche Liste kommen Kunden, die eingewilligt haben?</translation>
    </message>
    <message>
        <source>&amp;Kibo&apos;s own Welcome email greets new customers</source>
        <translation>Die Begrüßungs-E-Mail von &amp;Kibo begrüßt neue Kunden</translation>
    </message>
    <message>
        <source>Constant Contact sends its &amp;welcome email</source>
        <translation>Constant Contact sendet seine &amp;Begrüßungs-E-Mail</translation>
    </message>
    <message>
        <source>Use this list</source>
        <translation>Diese Liste verwenden</translation>
    </message>
    <message>
        <source>Who greets a customer who has just opted in?</source>
        <translation>Wer begrüßt einen Kunden, der gerade eingewilligt hat?</translation>
    </message>
    <message>
        <source>Enter the name of a list, or choose one.</source>
        <translation>Geben Sie den Namen einer Liste ein, oder wählen Sie eine.</translation>
    </message>
    <message>
        <source>Synchronizes contact information and opt-in preferences across Kibo eCommerce and Constant Contact, for all sites on your tenant. A person is mailed only if they agreed to it.</source>
        <translation>Gleicht Kontaktdaten und Einwilligungen zwischen Kibo eCommerce und Constant Contact ab, für alle Sites Ihres Tenants. Nur wer eingewilligt hat, bekommt E-Mails.</translation>
    </message>
    <message>
        <source>Tenant</source>
        <translation>Tenant</translation>
    </message>
    <message>
        <source>Application</source>
        <translation>Anwendung</translation>
    </message>
    <message>
        <source>Since</source>
        <translation>Seit</translation>
    </message>
    <message>
        <source>ccdesk {version} · data in {folder}</source>
        <translation>ccdesk {version} · Daten in {folder}</translation>
    </message>
    <message>
        <source>While enabled, customer changes go to Constant Contact, and opt-outs come back from there, every 30 minutes. While this is off, nothing syncs on its own. You can still export by hand on the Sync tab.</source>
        <translation>Solange ccdesk eingeschaltet ist, gehen Kundenänderungen alle 30 Minuten an Constant Contact, und Widerrufe kommen von dort zurück. Solange es ausgeschaltet ist, wird nichts von selbst abgeglichen. Auf der Registerkarte „Abgleich“ können Sie trotzdem von Hand exportieren.</translation>
    </message>
    <message>
        <source>You paused it until {time}: until then nothing syncs automatically. What you start by hand is done.</source>
        <translation>Sie haben bis {time} angehalten: Bis dahin wird nichts automatisch abgeglichen. Was Sie von Hand starten, wird getan.</translation>
    </message>
    <message>
        <source>Kibo reports that the application is switched off there, so the loops pause until it is on again.</source>
        <translation>Kibo meldet, dass die Anwendung dort ausgeschaltet ist; der Abgleich ruht, bis sie wieder eingeschaltet ist.</translation>
    </message>
    <message>
        <source>Automatic sync</source>
        <translation>Automatischer Abgleich</translation>
    </message>
    <message>
        <source>&amp;Resume</source>
        <translation>&amp;Fortsetzen</translation>
    </message>
    <message>
        <source>Paused</source>
        <translation>Angehalten</translation>
    </message>
    <message>
        <source>On, held up</source>
        <translation>Ein, aufgehalten</translation>
    </message>
    <message>
        <source>On</source>
        <translation>Ein</translation>
    </message>
    <message>
        <source>To turn this on, first {steps}.</source>
        <translation>Um dies einzuschalten, zuerst: {steps}.</translation>
    </message>
    <message>
        <source>What is left is reserved for unsubscribes. Everything else waits until the reset, then continues.</source>
        <translation>Was übrig ist, ist für Abbestellungen reserviert. Alles andere wartet, bis neu gezählt wird, und geht dann weiter.</translation>
    </message>
    <message>
        <source>exports</source>
        <translation>Exporte</translation>
    </message>
    <message>
        <source>automatic sync</source>
        <translation>automatischer Abgleich</translation>
    </message>
    <message>
        <source>this window</source>
        <translation>dieses Fenster</translation>
    </message>
    <message>
        <source>comparisons</source>
        <translation>Vergleiche</translation>
    </message>
    <message>
        <source>Calls to Constant Contact today</source>
        <translation>Aufrufe an Constant Contact heute</translation>
    </message>
    <message>
        <source>Calls used today</source>
        <translation>Heute verbrauchte Aufrufe</translation>
    </message>
    <message>
        <source>{used} of {limit} used, {left} left · resets at {time} · {reserved} reserved for unsubscribes</source>
        <translation>{used} von {limit} verbraucht, {left} übrig · neu gezählt wird um {time} · {reserved} für Abbestellungen reserviert</translation>
    </message>
    <message>
        <source>United States</source>
        <translation>USA</translation>
    </message>
    <message>
        <source>Europe</source>
        <translation>Europa</translation>
    </message>
    <message>
        <source>United States, on Google&apos;s cloud</source>
        <translation>USA, in der Cloud von Google</translation>
    </message>
    <message>
        <source>from Dev Center</source>
        <translation>aus dem Dev Center</translation>
    </message>
    <message>
        <source>Kibo &amp;home address</source>
        <translation>Kibo-&amp;Home-Adresse</translation>
    </message>
    <message>
        <source>Kibo tenant &amp;id</source>
        <translation>K&amp;ibo-Tenant-ID</translation>
    </message>
    <message>
        <source>for example {id}</source>
        <translation>zum Beispiel {id}</translation>
    </message>
    <message>
        <source>Application &amp;key</source>
        <translation>Anwendungs&amp;schlüssel</translation>
    </message>
    <message>
        <source>Kibo tenant address (optional)</source>
        <translation>Adresse des Kibo-Tenants (freiwillig)</translation>
    </message>
    <message>
        <source>found by the home address</source>
        <translation>über die Home-Adresse gefunden</translation>
    </message>
    <message>
        <source>Shared s&amp;ecret</source>
        <translation>&amp;Gemeinsames Geheimnis</translation>
    </message>
    <message>
        <source>Ad&amp;vanced</source>
        <translation>Er&amp;weitert</translation>
    </message>
    <message>
        <source>&amp;Remove Secret</source>
        <translation>Geheimnis &amp;entfernen</translation>
    </message>
    <message>
        <source>Remove the shared secret from this computer</source>
        <translation>Das gemeinsame Geheimnis von diesem Computer entfernen</translation>
    </message>
    <message>
        <source>Try these values without saving them</source>
        <translation>Diese Werte ausprobieren, ohne sie zu speichern</translation>
    </message>
    <message>
        <source>Tes&amp;t</source>
        <translation>&amp;Testen</translation>
    </message>
    <message>
        <source>Try these values, and save them if Kibo lets ccdesk in</source>
        <translation>Diese Werte ausprobieren und speichern, wenn Kibo ccdesk einlässt</translation>
    </message>
    <message>
        <source>&amp;Connect</source>
        <translation>&amp;Verbinden</translation>
    </message>
    <message>
        <source>stored</source>
        <translation>gespeichert</translation>
    </message>
    <message numerus="yes">
        <source>{n} sites</source>
        <comment>{n} site</comment>
        <translation>
            <numerusform>{n} Site</numerusform>
            <numerusform>{n} Sites</numerusform>
        </translation>
    </message>
    <message>
        <source>tenant {id}</source>
        <translation>Tenant {id}</translation>
    </message>
    <message>
        <source>Kibo answers: {summary}</source>
        <translation>Kibo antwortet: {summary}</translation>
    </message>
    <message>
        <source>This is needed.</source>
        <translation>Das wird gebraucht.</translation>
    </message>
    <message>
        <source>Save &amp;Anyway</source>
        <translation>&amp;Trotzdem speichern</translation>
    </message>
    <message>
        <source>The shared secret is removed</source>
        <translation>Das gemeinsame Geheimnis ist entfernt</translation>
    </message>
    <message>
        <source>Saved</source>
        <translation>Gespeichert</translation>
    </message>
    <message>
        <source>Organization</source>
        <translation>Organisation</translation>
    </message>
    <message>
        <source>Logged in as</source>
        <translation>Angemeldet als</translation>
    </message>
    <message>
        <source>Login expires</source>
        <translation>Anmeldung läuft ab</translation>
    </message>
    <message>
        <source>To remove it: Kibo connection › Remove Secret.</source>
        <translation>Zum Entfernen: Kibo-Verbindung › Geheimnis entfernen.</translation>
    </message>
    <message>
        <source>&amp;Log in to Constant Contact</source>
        <translation>Bei Constant Contact an&amp;melden</translation>
    </message>
    <message>
        <source>Log &amp;out</source>
        <translation>Ab&amp;melden</translation>
    </message>
    <message>
        <source>Ca&amp;ncel</source>
        <translation>A&amp;bbrechen</translation>
    </message>
    <message>
        <source>Cop&amp;y the Address</source>
        <translation>Adresse &amp;kopieren</translation>
    </message>
    <message>
        <source>Cancelling…</source>
        <translation>Wird abgebrochen…</translation>
    </message>
    <message>
        <source>Preparing the login…</source>
        <translation>Die Anmeldung wird vorbereitet…</translation>
    </message>
    <message>
        <source>Waiting for the browser… Log in there and click Allow.</source>
        <translation>Es wird auf den Browser gewartet… Melden Sie sich dort an, und klicken Sie auf „Allow“.</translation>
    </message>
    <message>
        <source>The browser could not be opened. Copy the address and open it yourself.</source>
        <translation>Der Browser ließ sich nicht öffnen. Kopieren Sie die Adresse, und öffnen Sie sie selbst.</translation>
    </message>
    <message>
        <source>Address copied. Waiting for the browser…</source>
        <translation>Adresse kopiert. Es wird auf den Browser gewartet…</translation>
    </message>
    <message>
        <source>Logged in to Constant Contact as {name}</source>
        <translation>Bei Constant Contact angemeldet als {name}</translation>
    </message>
    <message>
        <source>The former login was kept</source>
        <translation>Die bisherige Anmeldung bleibt</translation>
    </message>
    <message>
        <source>Logged out of Constant Contact</source>
        <translation>Bei Constant Contact abgemeldet</translation>
    </message>
    <message>
        <source>Nothing is sent or fetched until you log in again.</source>
        <translation>Bis Sie sich wieder anmelden, wird nichts gesendet oder geholt.</translation>
    </message>
    <message>
        <source>Arrow keys choose a day, Enter shows its runs.</source>
        <translation>Mit den Pfeiltasten wählen Sie einen Tag, die Eingabetaste zeigt seine Läufe.</translation>
    </message>
    <message>
        <source>The last 30 days</source>
        <translation>Die letzten 30 Tage</translation>
    </message>
    <message>
        <source>MMMM d</source>
        <comment>how a day is written, in the letters of QLocale::toString</comment>
        <translation>d. MMMM</translation>
    </message>
    <message numerus="yes">
        <source>{n} runs</source>
        <comment>{n} run</comment>
        <translation>
            <numerusform>{n} Lauf</numerusform>
            <numerusform>{n} Läufe</numerusform>
        </translation>
    </message>
    <message>
        <source>nothing ran</source>
        <translation>nichts lief</translation>
    </message>
    <message numerus="yes">
        <source>{n} added</source>
        <comment>{n} added</comment>
        <translation>
            <numerusform>{n} hinzugefügt</numerusform>
            <numerusform>{n} hinzugefügt</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n} opted out</source>
        <comment>{n} opted out</comment>
        <translation>
            <numerusform>{n} widerrufen</numerusform>
            <numerusform>{n} widerrufen</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n} runs failed</source>
        <comment>{n} run failed</comment>
        <translation>
            <numerusform>{n} Lauf fehlgeschlagen</numerusform>
            <numerusform>{n} Läufe fehlgeschlagen</numerusform>
        </translation>
    </message>
    <message>
        <source>The last {days} days: {added} added, {out} opted out.</source>
        <translation>Die letzten {days} Tage: {added} hinzugefügt, {out} widerrufen.</translation>
    </message>
    <message numerus="yes">
        <source>Runs failed on {n} days: {days}.</source>
        <comment>Runs failed on {n} day: {days}.</comment>
        <translation>
            <numerusform>An {n} Tag sind Läufe fehlgeschlagen: {days}.</numerusform>
            <numerusform>An {n} Tagen sind Läufe fehlgeschlagen: {days}.</numerusform>
        </translation>
    </message>
    <message>
        <source>The last thirty days</source>
        <translation>Die letzten dreißig Tage</translation>
    </message>
    <message>
        <source>today</source>
        <translation>heute</translation>
    </message>
    <message numerus="yes">
        <source>▲ {n} added</source>
        <comment>▲ {n} added</comment>
        <translation>
            <numerusform>▲ {n} hinzugefügt</numerusform>
            <numerusform>▲ {n} hinzugefügt</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>▼ {n} opted out</source>
        <comment>▼ {n} opted out</comment>
        <translation>
            <numerusform>▼ {n} widerrufen</numerusform>
            <numerusform>▼ {n} widerrufen</numerusform>
        </translation>
    </message>
    <message>
        <source>Reading…</source>
        <translation>Wird gelesen…</translation>
    </message>
    <message>
        <source>added</source>
        <translation>hinzugefügt</translation>
    </message>
    <message>
        <source>signed up</source>
        <translation>eingetragen</translation>
    </message>
    <message>
        <source>opted out</source>
        <translation>widerrufen</translation>
    </message>
    <message>
        <source>invalid emails</source>
        <translation>ungültige E-Mail-Adressen</translation>
    </message>
    <message>
        <source>other errors</source>
        <translation>andere Fehler</translation>
    </message>
    <message numerus="yes">
        <source>{n} signed up</source>
        <comment>{n} signed up</comment>
        <translation>
            <numerusform>{n} eingetragen</numerusform>
            <numerusform>{n} eingetragen</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n} other errors</source>
        <comment>{n} other error</comment>
        <translation>
            <numerusform>{n} anderer Fehler</numerusform>
            <numerusform>{n} andere Fehler</numerusform>
        </translation>
    </message>
    <message>
        <source>Since you last looked ({when}):</source>
        <translation>Seit Sie zuletzt nachgesehen haben ({when}):</translation>
    </message>
    <message>
        <source>Since you last looked ({when}): nothing has changed</source>
        <translation>Seit Sie zuletzt nachgesehen haben ({when}): nichts Neues</translation>
    </message>
    <message>
        <source>{figure} since you last looked</source>
        <translation>{figure} seit Sie zuletzt nachgesehen haben</translation>
    </message>
    <message>
        <source>Constant Contact lets a program in by an API key of your own. You make it once, in its developer portal, logged in as the person who will log in here.</source>
        <translation>Constant Contact lässt ein Programm mit einem eigenen API-Schlüssel ein. Sie legen ihn einmal im Entwicklerportal an, angemeldet als die Person, die sich hier anmelden wird.</translation>
    </message>
    <message>
        <source>1. Open the portal and create an application. Choose “Authorization Code Flow and PKCE” and “Rotating refresh tokens”.</source>
        <translation>1. Öffnen Sie das Portal und legen Sie eine Anwendung an. Wählen Sie „Authorization Code Flow and PKCE“ und „Rotating refresh tokens“.</translation>
    </message>
    <message>
        <source>2. Add these redirect addresses to it, exactly as they are:</source>
        <translation>2. Fügen Sie ihr diese Weiterleitungsadressen hinzu, genau so, wie sie hier stehen:</translation>
    </message>
    <message>
        <source>3. Copy the API key shown there into this field.</source>
        <translation>3. Kopieren Sie den API-Schlüssel, der dort gezeigt wird, in dieses Feld.</translation>
    </message>
    <message>
        <source>Enter the API key that the developer portal shows.</source>
        <translation>Geben Sie den API-Schlüssel ein, den das Entwicklerportal zeigt.</translation>
    </message>
    <message>
        <source>Copied. Paste them into the portal.</source>
        <translation>Kopiert. Fügen Sie sie im Portal ein.</translation>
    </message>
    <message>
        <source>API key and developer &amp;portal</source>
        <translation>API-Schlüssel und Entwickler&amp;portal</translation>
    </message>
    <message>
        <source>Open developer portal</source>
        <translation>Entwicklerportal öffnen</translation>
    </message>
    <message>
        <source>Redirect addresses</source>
        <translation>Weiterleitungsadressen</translation>
    </message>
    <message>
        <source>&amp;Copy all</source>
        <translation>Alle &amp;kopieren</translation>
    </message>
    <message>
        <source>Constant Contact API &amp;key</source>
        <translation>API-&amp;Schlüssel von Constant Contact</translation>
    </message>
    <message>
        <source>from the portal</source>
        <translation>aus dem Portal</translation>
    </message>
    <message>
        <source>Open it yourself: {address}</source>
        <translation>Öffnen Sie sie selbst: {address}</translation>
    </message>
    <message>
        <source>The browser could not be opened</source>
        <translation>Der Browser ließ sich nicht öffnen</translation>
    </message>
    <message>
        <source>If you do not select this option, customers will receive the default Welcome email set for your site.</source>
        <translation>Wenn Sie dies nicht wählen, bekommen Kunden die Begrüßungs-E-Mail, die für Ihre Site voreingestellt ist.</translation>
    </message>
    <message>
        <source>Test it first with an email address of your own: opt in with it in your shop, and see whether Constant Contact&apos;s welcome email comes. Its welcome automations may not start for contacts that come through an integration; an automation path that starts with “Added to a specific list” does. Leave the default Kibo email on until yours has come.</source>
        <translation>Probieren Sie es zuerst mit einer eigenen E-Mail-Adresse aus: Willigen Sie damit in Ihrem Shop ein, und sehen Sie, ob die Begrüßungs-E-Mail von Constant Contact kommt. Seine Begrüßungsautomationen beginnen vielleicht nicht für Kontakte, die über eine Anbindung kommen; ein Automationspfad, der mit „Added to a specific list“ beginnt, schon. Lassen Sie die E-Mail von Kibo eingeschaltet, bis Ihre angekommen ist.</translation>
    </message>
    <message>
        <source>If you are using Constant Contact for your welcome email, you must disable the default Kibo email. In Admin, go to System &gt; Settings &gt; General and disable the Welcome option under Notifications &gt; Enable Mozu Transactional Emails &gt; Shoppers.</source>
        <translation>Wenn Sie Constant Contact für Ihre Begrüßungs-E-Mail verwenden, müssen Sie die E-Mail von Kibo ausschalten. Gehen Sie in Admin zu System &gt; Settings &gt; General, und schalten Sie die Option Welcome unter Notifications &gt; Enable Mozu Transactional Emails &gt; Shoppers aus.</translation>
    </message>
    <message>
        <source>The Info tab says why.</source>
        <translation>Die Registerkarte „Info“ sagt, warum.</translation>
    </message>
    <message>
        <source>F5 tries again.</source>
        <translation>F5 versucht es noch einmal.</translation>
    </message>
    <message>
        <source>Kibo&apos;s Welcome notification appears to be on.</source>
        <translation>Die Begrüßung „Welcome“ von Kibo scheint eingeschaltet zu sein.</translation>
    </message>
    <message>
        <source>Kibo&apos;s Welcome notification appears to be off.</source>
        <translation>Die Begrüßung „Welcome“ von Kibo scheint ausgeschaltet zu sein.</translation>
    </message>
    <message>
        <source>We couldn&apos;t check whether Kibo&apos;s Welcome email is on.</source>
        <translation>Es ließ sich nicht prüfen, ob die Begrüßungs-E-Mail von Kibo eingeschaltet ist.</translation>
    </message>
    <message>
        <source>Checking whether Kibo&apos;s Welcome notification is on…</source>
        <translation>Es wird geprüft, ob die Begrüßung „Welcome“ von Kibo eingeschaltet ist…</translation>
    </message>
    <message>
        <source>Then go back to the Sync tab and click Sync Contacts.</source>
        <translation>Gehen Sie dann zurück zur Registerkarte „Abgleich“, und klicken Sie auf „Kontakte abgleichen“.</translation>
    </message>
    <message>
        <source>Send &amp;welcome email to customer on signup</source>
        <translation>Nach dem Eintragen &amp;Begrüßungs-E-Mail senden</translation>
    </message>
    <message>
        <source>&amp;Discard Changes</source>
        <translation>Änderungen &amp;verwerfen</translation>
    </message>
    <message>
        <source>&amp;Save</source>
        <translation>&amp;Speichern</translation>
    </message>
    <message>
        <source>Contact list</source>
        <translation>Kontaktliste</translation>
    </message>
    <message>
        <source>Welcome email</source>
        <translation>Begrüßungs-E-Mail</translation>
    </message>
    <message>
        <source>Sender</source>
        <translation>Absender</translation>
    </message>
    <message>
        <source>Unsaved changes</source>
        <translation>Nicht gespeicherte Änderungen</translation>
    </message>
    <message>
        <source>Enter the name of a contact list, or choose one.</source>
        <translation>Geben Sie den Namen einer Kontaktliste ein, oder wählen Sie eine.</translation>
    </message>
    <message>
        <source>Save your settings first</source>
        <translation>Speichern Sie zuerst Ihre Einstellungen</translation>
    </message>
    <message>
        <source>“{name}” is not saved yet.</source>
        <translation>„{name}“ ist noch nicht gespeichert.</translation>
    </message>
    <message>
        <source>Choose a contact list first</source>
        <translation>Wählen Sie zuerst eine Kontaktliste</translation>
    </message>
    <message>
        <source>An export needs one.</source>
        <translation>Ein Export braucht eine.</translation>
    </message>
    <message>
        <source>on</source>
        <translation>ein</translation>
    </message>
    <message>
        <source>off</source>
        <translation>aus</translation>
    </message>
    <message>
        <source>“{name}”</source>
        <translation>„{name}“</translation>
    </message>
    <message>
        <source>nothing</source>
        <translation>nichts</translation>
    </message>
    <message>
        <source>{setting} is now {value}.</source>
        <translation>{setting}: jetzt {value}.</translation>
    </message>
    <message>
        <source>The list “{name}” was created in Constant Contact; it is empty.</source>
        <translation>Die Liste „{name}“ wurde in Constant Contact angelegt; sie ist leer.</translation>
    </message>
    <message>
        <source>Saved: nothing had changed</source>
        <translation>Gespeichert: Es hatte sich nichts geändert</translation>
    </message>
    <message>
        <source>New list: it will be created on Save</source>
        <translation>Neue Liste: Sie wird beim Speichern angelegt</translation>
    </message>
    <message>
        <source>Your account no longer has a list with this name. Choose another, or Save to create it again (empty).</source>
        <translation>Ihr Konto hat keine Liste mit diesem Namen mehr. Wählen Sie eine andere, oder speichern Sie, um sie (leer) neu anzulegen.</translation>
    </message>
    <message>
        <source>This list is called “{name}” in Constant Contact now. It stays in use.</source>
        <translation>Diese Liste heißt in Constant Contact jetzt „{name}“. Sie bleibt in Gebrauch.</translation>
    </message>
    <message>
        <source>Reading the lists of your account…</source>
        <translation>Die Listen Ihres Kontos werden gelesen…</translation>
    </message>
    <message>
        <source>Reading the confirmed addresses of your account…</source>
        <translation>Die bestätigten Adressen Ihres Kontos werden gelesen…</translation>
    </message>
    <message>
        <source>Log in to Constant Contact on the Info tab.</source>
        <translation>Melden Sie sich auf der Registerkarte „Info“ bei Constant Contact an.</translation>
    </message>
    <message>
        <source>The account&apos;s lists could not be read.</source>
        <translation>Die Listen des Kontos ließen sich nicht lesen.</translation>
    </message>
    <message>
        <source>The account&apos;s addresses could not be read.</source>
        <translation>Die Adressen des Kontos ließen sich nicht lesen.</translation>
    </message>
    <message>
        <source>Choose a confirmed address</source>
        <translation>Wählen Sie eine bestätigte Adresse</translation>
    </message>
    <message>
        <source>Type a name, or choose one of your lists</source>
        <translation>Geben Sie einen Namen ein, oder wählen Sie eine Ihrer Listen</translation>
    </message>
    <message>
        <source>Contact &amp;List Name</source>
        <translation>Name der &amp;Kontaktliste</translation>
    </message>
    <message>
        <source>All lists of your account are offered, or type a new name.</source>
        <translation>Alle Listen Ihres Kontos stehen zur Wahl, oder geben Sie einen neuen Namen ein.</translation>
    </message>
    <message>
        <source>A list of your Constant Contact account.</source>
        <translation>Eine Liste Ihres Constant-Contact-Kontos.</translation>
    </message>
    <message numerus="yes">
        <source>A list of your Constant Contact account, {n} contacts.</source>
        <comment>A list of your Constant Contact account, {n} contact.</comment>
        <translation>
            <numerusform>Eine Liste Ihres Constant-Contact-Kontos, {n} Kontakt.</numerusform>
            <numerusform>Eine Liste Ihres Constant-Contact-Kontos, {n} Kontakte.</numerusform>
        </translation>
    </message>
    <message>
        <source>Specify From and &amp;ReplyTo email for Campaigns</source>
        <translation>Absender und &amp;Antwortadresse für Kampagnen festlegen</translation>
    </message>
    <message>
        <source>{address} (not confirmed)</source>
        <translation>{address} (nicht bestätigt)</translation>
    </message>
    <message>
        <source>No confirmed address was found. Confirm one in Constant Contact.</source>
        <translation>Es wurde keine bestätigte Adresse gefunden. Bestätigen Sie eine in Constant Contact.</translation>
    </message>
    <message>
        <source>The stored address is not confirmed in the account any more. Choose another one.</source>
        <translation>Die gespeicherte Adresse ist im Konto nicht mehr bestätigt. Wählen Sie eine andere.</translation>
    </message>
    <message>
        <source>Only addresses confirmed in your Constant Contact account are offered.</source>
        <translation>Nur Adressen, die in Ihrem Constant-Contact-Konto bestätigt sind, stehen zur Wahl.</translation>
    </message>
    <message>
        <source>Take over the keys and addresses a partner has prepared</source>
        <translation>Schlüssel und Adressen übernehmen, die ein Partner vorbereitet hat</translation>
    </message>
    <message>
        <source>&amp;Use a set-up file…</source>
        <translation>Einrichtungsdatei &amp;verwenden…</translation>
    </message>
    <message>
        <source>Write these keys and addresses, without secrets, for another computer</source>
        <translation>Diese Schlüssel und Adressen, ohne Geheimnisse, für einen anderen Computer aufschreiben</translation>
    </message>
    <message>
        <source>Save a set-up file…</source>
        <translation>Einrichtungsdatei speichern…</translation>
    </message>
    <message>
        <source>Use a set-up file</source>
        <translation>Einrichtungsdatei verwenden</translation>
    </message>
    <message>
        <source>Save a set-up file</source>
        <translation>Einrichtungsdatei speichern</translation>
    </message>
    <message>
        <source>The set-up file was taken over</source>
        <translation>Die Einrichtungsdatei wurde übernommen</translation>
    </message>
    <message>
        <source>Everything in the set-up file is set already</source>
        <translation>Alles in der Einrichtungsdatei ist schon eingestellt</translation>
    </message>
    <message>
        <source>Set-up file saved</source>
        <translation>Einrichtungsdatei gespeichert</translation>
    </message>
    <message>
        <source>ccdesk then starts out of the way, with only its icon in the tray. While sync is on, closing the window leaves it running there; Quit is in the icon&apos;s menu. This takes effect at once.</source>
        <translation>ccdesk startet dann unauffällig, nur mit seinem Symbol im Infobereich. Solange der Abgleich eingeschaltet ist, läuft es nach dem Schließen des Fensters dort weiter; „Beenden“ steht im Menü des Symbols. Das gilt sofort.</translation>
    </message>
    <message>
        <source>Now another copy of ccdesk is started at login. Switch this off and on again to use this one.</source>
        <translation>Jetzt startet beim Anmelden eine andere Kopie von ccdesk. Schalten Sie dies aus und wieder ein, um diese zu verwenden.</translation>
    </message>
    <message>
        <source>Start at login</source>
        <translation>Start beim Anmelden</translation>
    </message>
    <message>
        <source>Start when I log in to this computer</source>
        <translation>Beim Anmelden an diesem Computer starten</translation>
    </message>
    <message>
        <source>The export was not started</source>
        <translation>Der Export wurde nicht gestartet</translation>
    </message>
    <message>
        <source>Your settings could not be saved.</source>
        <translation>Ihre Einstellungen ließen sich nicht speichern.</translation>
    </message>
    <message>
        <source>Nothing has been fetched yet</source>
        <translation>Es wurde noch nichts geholt</translation>
    </message>
    <message>
        <source>Once the application is enabled on the Info tab, opt-outs are fetched every 30 minutes.</source>
        <translation>Sobald die Anwendung auf der Registerkarte „Info“ eingeschaltet ist, werden Widerrufe alle 30 Minuten geholt.</translation>
    </message>
    <message>
        <source>Check for u&amp;nsubscribes now</source>
        <translation>Jetzt nach Abbestellungen se&amp;hen</translation>
    </message>
    <message>
        <source>Runs from Constant Contact</source>
        <translation>Läufe von Constant Contact</translation>
    </message>
    <message>
        <source>Ask Constant Contact for unsubscribes now</source>
        <translation>Constant Contact jetzt nach Abbestellungen fragen</translation>
    </message>
    <message>
        <source>No runs yet</source>
        <translation>Noch keine Läufe</translation>
    </message>
    <message>
        <source>Go to the Sync tab, select To Constant Contact and click Sync Contacts to export your customers.</source>
        <translation>Gehen Sie zur Registerkarte „Abgleich“, wählen Sie „Zu Constant Contact“, und klicken Sie auf „Kontakte abgleichen“, um Ihre Kunden zu exportieren.</translation>
    </message>
    <message>
        <source>No run found</source>
        <translation>Kein Lauf gefunden</translation>
    </message>
    <message>
        <source>No run fits what is chosen above. “All runs” shows the quiet ones as well.</source>
        <translation>Kein Lauf passt zur Auswahl oben. „Alle Läufe“ zeigt auch die stillen.</translation>
    </message>
    <message>
        <source>Runs</source>
        <translation>Läufe</translation>
    </message>
    <message>
        <source>Search: email, customer id, run, message</source>
        <translation>Suche: E-Mail-Adresse, Kundennummer, Lauf, Meldung</translation>
    </message>
    <message>
        <source>Search in the runs</source>
        <translation>In den Läufen suchen</translation>
    </message>
    <message>
        <source>Clear the search</source>
        <translation>Suche leeren</translation>
    </message>
    <message>
        <source>Which runs</source>
        <translation>Welche Läufe</translation>
    </message>
    <message>
        <source>Runs that did something</source>
        <translation>Läufe, die etwas getan haben</translation>
    </message>
    <message>
        <source>All runs</source>
        <translation>Alle Läufe</translation>
    </message>
    <message>
        <source>Kind of run</source>
        <translation>Art des Laufs</translation>
    </message>
    <message>
        <source>Every kind</source>
        <translation>Jede Art</translation>
    </message>
    <message>
        <source>Show all days</source>
        <translation>Alle Tage zeigen</translation>
    </message>
    <message>
        <source>Only {day}: show all days</source>
        <translation>Nur {day}: alle Tage zeigen</translation>
    </message>
    <message numerus="yes">
        <source>{n} without changes not shown</source>
        <comment>{n} without changes not shown</comment>
        <translation>
            <numerusform>{n} ohne Änderungen wird nicht gezeigt</numerusform>
            <numerusform>{n} ohne Änderungen werden nicht gezeigt</numerusform>
        </translation>
    </message>
    <message>
        <source>Exports all customers who have opted in to marketing to your contact list. Before you start creating your email campaigns, you must do an initial export. People who unsubscribed in Constant Contact, were deleted there, or left the list are not added again.</source>
        <translation>Exportiert alle Kunden, die in Werbung eingewilligt haben, auf Ihre Kontaktliste. Bevor Sie E-Mail-Kampagnen anlegen, ist ein erster Export nötig. Wer in Constant Contact abbestellt hat, dort gelöscht wurde oder die Liste verlassen hat, wird nicht wieder hinzugefügt.</translation>
    </message>
    <message>
        <source>Continued from an earlier export.</source>
        <translation>Fortsetzung eines früheren Exports.</translation>
    </message>
    <message>
        <source>It could not be read.</source>
        <translation>Es ließ sich nicht lesen.</translation>
    </message>
    <message>
        <source>Preview: nothing is changed.</source>
        <translation>Vorschau: Nichts wird geändert.</translation>
    </message>
    <message>
        <source>No export has been done yet.</source>
        <translation>Es wurde noch nicht exportiert.</translation>
    </message>
    <message>
        <source>Last export</source>
        <translation>Letzter Export</translation>
    </message>
    <message>
        <source>Working…</source>
        <translation>Arbeitet…</translation>
    </message>
    <message>
        <source>Progress of the run</source>
        <translation>Fortschritt des Laufs</translation>
    </message>
    <message>
        <source>{time} so far</source>
        <translation>bisher {time}</translation>
    </message>
    <message>
        <source>{kind}, last run: {ending}</source>
        <translation>{kind}, letzter Lauf: {ending}</translation>
    </message>
    <message numerus="yes">
        <source>{n} contacts</source>
        <comment>{n} contact</comment>
        <translation>
            <numerusform>{n} Kontakt</numerusform>
            <numerusform>{n} Kontakte</numerusform>
        </translation>
    </message>
    <message>
        <source>Show what an export would do; nothing is changed</source>
        <translation>Zeigen, was ein Export tun würde; nichts wird geändert</translation>
    </message>
    <message>
        <source>List: “{name}”</source>
        <translation>Liste: „{name}“</translation>
    </message>
    <message>
        <source>No list has been chosen yet: choose one on the Settings tab first.</source>
        <translation>Es ist noch keine Liste gewählt: Wählen Sie zuerst eine auf der Registerkarte „Einstellungen“.</translation>
    </message>
    <message>
        <source>What was done so far stands.</source>
        <translation>Was bisher getan wurde, bleibt.</translation>
    </message>
    <message>
        <source>The preview starts when it has ended.</source>
        <translation>Die Vorschau beginnt, wenn er beendet ist.</translation>
    </message>
    <message>
        <source>The export starts when it has ended.</source>
        <translation>Der Export beginnt, wenn er beendet ist.</translation>
    </message>
    <message>
        <source>Another run is in progress: {kind}</source>
        <translation>Ein anderer Lauf ist im Gange: {kind}</translation>
    </message>
    <message>
        <source>Your settings are being saved</source>
        <translation>Ihre Einstellungen werden gespeichert</translation>
    </message>
    <message>
        <source>The export starts when that is done.</source>
        <translation>Der Export beginnt, wenn das getan ist.</translation>
    </message>
    <message>
        <source>Waiting to start…</source>
        <translation>Wartet auf den Beginn…</translation>
    </message>
    <message>
        <source>Continued from the export of {date}. What was sent then is not sent again.</source>
        <translation>Fortsetzung des Exports vom {date}. Was damals gesendet wurde, wird nicht noch einmal gesendet.</translation>
    </message>
    <message>
        <source>Something went wrong inside ccdesk</source>
        <translation>In ccdesk ist etwas schiefgegangen</translation>
    </message>
    <message>
        <source>This is a fault of the program, not of your settings. What was done so far stands.</source>
        <translation>Das ist ein Fehler des Programms, nicht Ihrer Einstellungen. Was bisher getan wurde, bleibt.</translation>
    </message>
    <message>
        <source>Try again. If it comes back, send the log file to support.</source>
        <translation>Versuchen Sie es noch einmal. Geschieht es wieder, senden Sie die Protokolldatei an den Support.</translation>
    </message>
    <message>
        <source>&amp;Pause for an hour</source>
        <translation>Eine Stunde an&amp;halten</translation>
    </message>
    <message>
        <source>&amp;Sync now</source>
        <translation>Jetzt &amp;abgleichen</translation>
    </message>
    <message>
        <source>&amp;Open ccdesk</source>
        <translation>ccdesk ö&amp;ffnen</translation>
    </message>
    <message>
        <source>Info</source>
        <translation>Info</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>Sync</source>
        <translation>Abgleich</translation>
    </message>
    <message>
        <source>Sync Logs</source>
        <translation>Protokoll</translation>
    </message>
    <message>
        <source>{tab} (Ctrl+{number})</source>
        <translation>{tab} (Strg+{number})</translation>
    </message>
    <message>
        <source>Help</source>
        <translation>Hilfe</translation>
    </message>
    <message>
        <source>Help (F1)</source>
        <translation>Hilfe (F1)</translation>
    </message>
    <message>
        <source>Why somebody is on the list or not (Ctrl+F)</source>
        <translation>Warum jemand auf der Liste ist oder nicht (Strg+F)</translation>
    </message>
    <message>
        <source>Find a person…</source>
        <translation>Person suchen…</translation>
    </message>
    <message>
        <source>starting</source>
        <translation>beginnt</translation>
    </message>
    <message>
        <source>Preview: {kind}, {phase}</source>
        <translation>Vorschau: {kind}, {phase}</translation>
    </message>
    <message>
        <source>Running: {kind}, {phase}</source>
        <translation>Läuft: {kind}, {phase}</translation>
    </message>
    <message>
        <source>{problem}: what is shown may be out of date</source>
        <translation>{problem}: Was gezeigt wird, kann veraltet sein</translation>
    </message>
    <message>
        <source>Another program works on the same data: {who}</source>
        <translation>Ein anderes Programm arbeitet mit denselben Daten: {who}</translation>
    </message>
    <message>
        <source>A bundle, to look at only</source>
        <translation>Eine Diagnosedatei, nur zum Ansehen</translation>
    </message>
    <message>
        <source>next run: {time}</source>
        <translation>nächster Lauf: {time}</translation>
    </message>
    <message>
        <source>{kind}: the run failed</source>
        <translation>{kind}: Der Lauf ist fehlgeschlagen</translation>
    </message>
    <message>
        <source>{kind}: the run waits</source>
        <translation>{kind}: Der Lauf wartet</translation>
    </message>
    <message>
        <source>The folder {base} cannot be used</source>
        <translation>Der Ordner {base} lässt sich nicht verwenden</translation>
    </message>
    <message>
        <source>ccdesk keeps its data there and could not create or write it. Nothing was changed.</source>
        <translation>ccdesk hält dort seine Daten und konnte ihn nicht anlegen oder nicht hineinschreiben. Es wurde nichts geändert.</translation>
    </message>
    <message>
        <source>Make the folder writable.</source>
        <translation>Machen Sie den Ordner beschreibbar.</translation>
    </message>
    <message>
        <source>This is another Constant Contact account</source>
        <translation>Das ist ein anderes Constant-Contact-Konto</translation>
    </message>
    <message>
        <source>The Kibo shared secret is missing</source>
        <translation>Das gemeinsame Geheimnis von Kibo fehlt</translation>
    </message>
    <message>
        <source>This login belongs to “{organization}”, but what ccdesk remembers belongs to “{known}”.</source>
        <translation>Diese Anmeldung gehört zu „{organization}“, aber was ccdesk weiß, gehört zu „{known}“.</translation>
    </message>
    <message>
        <source>Keep the former login, or start over with the new account: links and queue of the former one are then dropped, and an export is needed.</source>
        <translation>Behalten Sie die bisherige Anmeldung, oder beginnen Sie mit dem neuen Konto von vorn: Verknüpfungen und Warteschlange des bisherigen fallen dann weg, und ein Export ist nötig.</translation>
    </message>
    <message>
        <source>make a draft for</source>
        <translation>einen Entwurf anlegen soll</translation>
    </message>
    <message>
        <source>The contact list “{name}” is not in Constant Contact</source>
        <translation>Die Kontaktliste „{name}“ gibt es in Constant Contact nicht</translation>
    </message>
    <message>
        <source>No draft was made: there is nobody it could go to.</source>
        <translation>Es wurde kein Entwurf angelegt: Es gibt niemanden, an den er gehen könnte.</translation>
    </message>
    <message>
        <source>No From and ReplyTo address is chosen</source>
        <translation>Es ist kein Absender gewählt</translation>
    </message>
    <message>
        <source>A campaign draft needs one. Nothing was made.</source>
        <translation>Ein Kampagnenentwurf braucht einen. Es wurde nichts angelegt.</translation>
    </message>
    <message>
        <source>“{address}” is not a confirmed address of the Constant Contact account</source>
        <translation>„{address}“ ist keine bestätigte Adresse des Constant-Contact-Kontos</translation>
    </message>
    <message>
        <source>Only confirmed addresses may be used as From and ReplyTo. No draft was made.</source>
        <translation>Nur bestätigte Adressen dürfen Absender und Antwortadresse sein. Es wurde kein Entwurf angelegt.</translation>
    </message>
    <message>
        <source>Confirm it in Constant Contact, or choose another.</source>
        <translation>Bestätigen Sie sie in Constant Contact, oder wählen Sie eine andere.</translation>
    </message>
    <message>
        <source>Constant Contact did not make the draft</source>
        <translation>Constant Contact hat den Entwurf nicht angelegt</translation>
    </message>
    <message>
        <source>If that is about the address, confirm it in Constant Contact or choose another; then try again.</source>
        <translation>Liegt es an der Adresse, bestätigen Sie sie in Constant Contact oder wählen Sie eine andere; versuchen Sie es dann noch einmal.</translation>
    </message>
    <message>
        <source>Constant Contact did not say whether the draft was made</source>
        <translation>Constant Contact hat nicht gesagt, ob der Entwurf angelegt wurde</translation>
    </message>
    <message>
        <source>It may be there under the name “{name}”. Nothing was sent to anybody.</source>
        <translation>Er kann dort unter dem Namen „{name}“ liegen. Es wurde niemandem etwas gesendet.</translation>
    </message>
    <message>
        <source>Try again in a while: ccdesk looks for that name first and makes no second one.</source>
        <translation>Versuchen Sie es nach einer Weile noch einmal: ccdesk sucht zuerst nach diesem Namen und legt keinen zweiten an.</translation>
    </message>
    <message>
        <source>There is no free name for another draft today</source>
        <translation>Für einen weiteren Entwurf ist heute kein Name frei</translation>
    </message>
    <message>
        <source>“{name}” and {n} more names like it are taken. No draft was made.</source>
        <translation>„{name}“ und {n} weitere solche Namen sind vergeben. Es wurde kein Entwurf angelegt.</translation>
    </message>
    <message>
        <source>Rename or delete some of these campaigns in Constant Contact.</source>
        <translation>Benennen Sie einige dieser Kampagnen in Constant Contact um, oder löschen Sie sie.</translation>
    </message>
    <message>
        <source>compare</source>
        <translation>vergleichen soll</translation>
    </message>
    <message>
        <source>This person has opted out, and is on the list all the same</source>
        <translation>Diese Person hat widerrufen und ist trotzdem auf der Liste</translation>
    </message>
    <message>
        <source>Others have put them back. Once forgotten, nobody would be told of it. Nobody was forgotten.</source>
        <translation>Jemand anderes hat sie wieder daraufgesetzt. Ist sie vergessen, erfährt das niemand mehr. Es wurde niemand vergessen.</translation>
    </message>
    <message>
        <source>Take them off the list in Constant Contact, or opt them in in Kibo; sync, then try again.</source>
        <translation>Nehmen Sie sie in Constant Contact von der Liste, oder setzen Sie die Einwilligung in Kibo; gleichen Sie ab und versuchen Sie es erneut.</translation>
    </message>
    <message>
        <source>An export that is not finished has this person</source>
        <translation>Ein Export, der nicht fertig ist, enthält diese Person</translation>
    </message>
    <message>
        <source>What it sent would be lost sight of. Nobody was forgotten.</source>
        <translation>Was er gesendet hat, geriete aus dem Blick. Es wurde niemand vergessen.</translation>
    </message>
    <message>
        <source>Do the export to its end, then try again.</source>
        <translation>Führen Sie den Export zu Ende, und versuchen Sie es dann noch einmal.</translation>
    </message>
    <message>
        <source>A change of this customer is not processed yet</source>
        <translation>Eine Änderung dieses Kunden ist noch nicht verarbeitet</translation>
    </message>
    <message>
        <source>It may be an opt-out, which would be forgotten with the person. Nobody was forgotten.</source>
        <translation>Sie kann ein Widerruf sein, der mit der Person vergessen würde. Es wurde niemand vergessen.</translation>
    </message>
    <message>
        <source>Sync the changes, see to the entry if it needs attention, then try again.</source>
        <translation>Gleichen Sie die Änderungen ab, kümmern Sie sich um den Eintrag, wenn er Aufmerksamkeit braucht, und versuchen Sie es dann noch einmal.</translation>
    </message>
    <message>
        <source>Looked at again in a later run.</source>
        <translation>In einem späteren Lauf noch einmal angesehen.</translation>
    </message>
    <message>
        <source>Answered: a later run went through.</source>
        <translation>Beantwortet: Ein späterer Lauf ist durchgegangen.</translation>
    </message>
    <message>
        <source>Since {day} Kibo&apos;s home names another address of the tenant: {host}, before {before}. Both belong to the home&apos;s domain.</source>
        <translation>Seit {day} nennt Kibos Home-Adresse eine andere Adresse des Tenants: {host}, vorher {before}. Beide gehören zur Domain der Home-Adresse.</translation>
    </message>
    <message>
        <source>Nobody is of the kind “{kind}”</source>
        <translation>Niemand ist von der Art „{kind}“</translation>
    </message>
    <message>
        <source>There is nothing to leave as it is. Nothing was changed.</source>
        <translation>Es gibt nichts, was so zu lassen wäre. Es wurde nichts geändert.</translation>
    </message>
    <message>
        <source>A comparison of both sides names the kinds.</source>
        <translation>Ein Vergleich beider Seiten nennt die Arten.</translation>
    </message>
    <message>
        <source>A comparison of both sides names the kind of each person.</source>
        <translation>Ein Vergleich beider Seiten nennt die Art jeder Person.</translation>
    </message>
    <message>
        <source>Nobody is named</source>
        <translation>Es ist niemand genannt</translation>
    </message>
    <message>
        <source>Give an email or a customer id.</source>
        <translation>Geben Sie eine E-Mail-Adresse oder eine Kundennummer an.</translation>
    </message>
    <message>
        <source>No contact list is chosen</source>
        <translation>Es ist keine Kontaktliste gewählt</translation>
    </message>
    <message>
        <source>ccdesk needs to know which Constant Contact list to {purpose}.</source>
        <translation>ccdesk muss wissen, welche Liste von Constant Contact es {purpose}.</translation>
    </message>
    <message>
        <source>The name of the list has characters that nobody sees</source>
        <translation>Der Name der Liste hat Zeichen, die niemand sieht</translation>
    </message>
    <message>
        <source>A new list with this name would look like another one. Nothing was changed.</source>
        <translation>Eine neue Liste mit diesem Namen sähe aus wie eine andere. Es wurde nichts geändert.</translation>
    </message>
    <message>
        <source>Type the name instead of pasting it.</source>
        <translation>Tippen Sie den Namen, statt ihn einzufügen.</translation>
    </message>
    <message>
        <source>keep in step</source>
        <translation>im Einklang halten soll</translation>
    </message>
    <message>
        <source>Constant Contact has withdrawn the login as well.</source>
        <translation>Constant Contact hat die Anmeldung ebenfalls zurückgezogen.</translation>
    </message>
    <message>
        <source>Constant Contact did not confirm that it withdrew the login. Its tokens are removed here; there they end by themselves after 180 days without use.</source>
        <translation>Constant Contact hat nicht bestätigt, dass es die Anmeldung zurückgezogen hat. Ihre Token sind hier entfernt; dort enden sie von selbst nach 180 Tagen ohne Gebrauch.</translation>
    </message>
    <message>
        <source>The Kibo shared secret is still kept. {how_to_remove}</source>
        <translation>Das gemeinsame Geheimnis von Kibo ist noch gespeichert. {how_to_remove}</translation>
    </message>
    <message>
        <source>The Kibo shared secret may still be kept. {how_to_remove}</source>
        <translation>Das gemeinsame Geheimnis von Kibo ist vielleicht noch gespeichert. {how_to_remove}</translation>
    </message>
    <message>
        <source>The Kibo shared secret comes from {variable}; remove that variable where it is set.</source>
        <translation>Das gemeinsame Geheimnis von Kibo kommt aus {variable}; entfernen Sie diese Variable dort, wo sie gesetzt ist.</translation>
    </message>
    <message>
        <source>“{kind}” cannot be left as it is</source>
        <translation>„{kind}“ lässt sich nicht so lassen</translation>
    </message>
    <message>
        <source>What the next runs put right, or what waits for another answer, is not left.</source>
        <translation>Was die nächsten Läufe richtigstellen oder was auf eine andere Antwort wartet, wird nicht so gelassen.</translation>
    </message>
    <message>
        <source>No run puts “{kind}” right</source>
        <translation>Kein Lauf stellt „{kind}“ richtig</translation>
    </message>
    <message>
        <source>A comparison of both sides names the people.</source>
        <translation>Ein Vergleich beider Seiten nennt die Personen.</translation>
    </message>
    <message>
        <source>Both sides are in step. {nothing}</source>
        <translation>Beide Seiten sind im Einklang. {nothing}</translation>
    </message>
    <message>
        <source>They are “{kind}”: {meaning} {nothing}</source>
        <translation>Das ist „{kind}“: {meaning} {nothing}</translation>
    </message>
    <message>
        <source>“{who}” is not of the kind “{kind}”</source>
        <translation>„{who}“ ist nicht von der Art „{kind}“</translation>
    </message>
    <message>
        <source>preview of export</source>
        <translation>Vorschau des Exports</translation>
    </message>
    <message>
        <source>preview of events</source>
        <translation>Vorschau der Ereignisse</translation>
    </message>
    <message>
        <source>preview of inbound</source>
        <translation>Vorschau der Suche nach Abbestellungen</translation>
    </message>
    <message>
        <source>preview of full-compare</source>
        <translation>Vorschau des täglichen Vergleichs</translation>
    </message>
    <message>
        <source>preview of undo</source>
        <translation>Vorschau des Rückgängigmachens</translation>
    </message>
    <message>
        <source>This is a bundle: it can only be looked at</source>
        <translation>Das ist eine Diagnosedatei: Sie lässt sich nur ansehen</translation>
    </message>
    <message>
        <source>It holds what ccdesk knew when it was made. Nothing is asked of the services from here, and nothing is changed.</source>
        <translation>Sie enthält, was ccdesk wusste, als sie angelegt wurde. Von hier aus wird bei den Diensten nichts gelesen und nichts geändert.</translation>
    </message>
    <message>
        <source>Choose 1 to {most} people</source>
        <translation>Wählen Sie 1 bis {most} Personen</translation>
    </message>
    <message>
        <source>{n:,} are chosen. More are put right by the runs for their whole kind.</source>
        <translation>{n:,} sind gewählt. Mehr werden von den Läufen für ihre ganze Art richtiggestellt.</translation>
    </message>
    <message>
        <source>Choose fewer, or put the whole kind right.</source>
        <translation>Wählen Sie weniger, oder stellen Sie die ganze Art richtig.</translation>
    </message>
    <message>
        <source>There has been no export yet</source>
        <translation>Es wurde noch nicht exportiert</translation>
    </message>
    <message>
        <source>Before the first export nobody is put on the list one by one.</source>
        <translation>Vor dem ersten Export wird niemand einzeln auf die Liste gesetzt.</translation>
    </message>
    <message>
        <source>Do the first export.</source>
        <translation>Führen Sie den ersten Export durch.</translation>
    </message>
    <message>
        <source>Nothing was done.</source>
        <translation>Es wurde nichts getan.</translation>
    </message>
    <message>
        <source>Compare both sides again.</source>
        <translation>Vergleichen Sie beide Seiten noch einmal.</translation>
    </message>
    <message>
        <source>The program ended while this run was going on. What was done so far stands; the next run goes on.</source>
        <translation>Das Programm endete, während dieser Lauf im Gange war. Was bisher getan wurde, bleibt; der nächste Lauf macht weiter.</translation>
    </message>
    <message>
        <source>The run stopped; what was done so far stands.</source>
        <translation>Der Lauf hat angehalten; was bisher getan wurde, bleibt.</translation>
    </message>
    <message>
        <source>Incomplete: the figures do not add up. {read:,} customers read, {outcomes:,} outcomes.</source>
        <translation>Unvollständig: Die Zahlen gehen nicht auf. {read:,} Kunden gelesen, {outcomes:,} Ergebnisse.</translation>
    </message>
    <message>
        <source>The Kibo shared secret still comes from {variable}.</source>
        <translation>Das gemeinsame Geheimnis von Kibo kommt weiterhin aus {variable}.</translation>
    </message>
    <message>
        <source>Whether a secret has to be given again is not known. {problem}.</source>
        <translation>Ob ein Geheimnis neu einzugeben ist, ist nicht bekannt. {problem}.</translation>
    </message>
    <message>
        <source>“{label}” is fixed on this computer</source>
        <translation>„{label}“ ist auf diesem Computer festgelegt</translation>
    </message>
    <message>
        <source>It is set outside ccdesk, by an environment variable. Nothing was changed.</source>
        <translation>Der Wert wird außerhalb von ccdesk gesetzt, durch eine Umgebungsvariable. Es wurde nichts geändert.</translation>
    </message>
    <message>
        <source>The list is called “{name}” in Constant Contact now; it stays in use.</source>
        <translation>Die Liste heißt in Constant Contact jetzt „{name}“; sie bleibt in Gebrauch.</translation>
    </message>
    <message>
        <source>Not logged in to Constant Contact yet: list and sender are checked at the first run.</source>
        <translation>Noch nicht bei Constant Contact angemeldet: Liste und Absender werden beim ersten Lauf geprüft.</translation>
    </message>
    <message>
        <source>Only confirmed addresses may be used as From and ReplyTo.</source>
        <translation>Nur bestätigte Adressen dürfen Absender und Antwortadresse sein.</translation>
    </message>
    <message>
        <source>Confirm it in Constant Contact, or choose one of: {addresses}</source>
        <translation>Bestätigen Sie sie in Constant Contact, oder wählen Sie eine von diesen: {addresses}</translation>
    </message>
    <message>
        <source>none yet</source>
        <translation>noch keine</translation>
    </message>
    <message>
        <source>This drops what ccdesk remembers of the shop&apos;s customers</source>
        <translation>Damit fällt weg, was ccdesk von den Kunden des Shops weiß</translation>
    </message>
    <message>
        <source>{changes}. With another tenant or home address the customers are other people: {n:,} customers and who of them opted out, and the queue of events, would be dropped. Nothing was changed.</source>
        <translation>{changes}. Mit einem anderen Tenant oder einer anderen Home-Adresse sind die Kunden andere Personen: {n:,} Kunden, wer von ihnen widerrufen hat und die Warteschlange der Ereignisse fielen weg. Es wurde nichts geändert.</translation>
    </message>
    <message>
        <source>If that is not meant, look for a typing error. A copy of the data file is made first, and an export is needed afterwards.</source>
        <translation>Ist das nicht gemeint, suchen Sie nach einem Tippfehler. Vorher wird eine Kopie der Datendatei angelegt, und danach ist ein Export nötig.</translation>
    </message>
    <message>
        <source>connect Kibo</source>
        <translation>Kibo verbinden</translation>
    </message>
    <message>
        <source>log in to Constant Contact</source>
        <translation>bei Constant Contact anmelden</translation>
    </message>
    <message>
        <source>choose a contact list</source>
        <translation>eine Kontaktliste wählen</translation>
    </message>
    <message>
        <source>{first} and {last}</source>
        <translation>{first} und {last}</translation>
    </message>
    <message>
        <source>{first}, {rest}</source>
        <translation>{first}, {rest}</translation>
    </message>
    <message>
        <source>ccdesk cannot be enabled yet</source>
        <translation>ccdesk lässt sich noch nicht einschalten</translation>
    </message>
    <message>
        <source>Nothing could be synced.</source>
        <translation>Es ließe sich nichts abgleichen.</translation>
    </message>
    <message>
        <source>First {steps}.</source>
        <translation>Zuerst: {steps}.</translation>
    </message>
    <message>
        <source>“{what}” is missing in it.</source>
        <translation>Darin fehlt „{what}“.</translation>
    </message>
    <message>
        <source>The set-up file could not be written</source>
        <translation>Die Einrichtungsdatei ließ sich nicht schreiben</translation>
    </message>
    <message>
        <source>Name a file in a folder that exists and that you may write to.</source>
        <translation>Nennen Sie eine Datei in einem Ordner, den es gibt und in den Sie schreiben dürfen.</translation>
    </message>
    <message>
        <source>It cannot be read.</source>
        <translation>Sie lässt sich nicht lesen.</translation>
    </message>
    <message>
        <source>It is much larger than a set-up file.</source>
        <translation>Sie ist viel größer als eine Einrichtungsdatei.</translation>
    </message>
    <message>
        <source>It is not JSON.</source>
        <translation>Sie ist kein JSON.</translation>
    </message>
    <message>
        <source>Its format (“{mark}”) is not {version}: a newer ccdesk may have written it.</source>
        <translation>Ihr Format („{mark}“) ist nicht {version}: Vielleicht hat sie ein neueres ccdesk geschrieben.</translation>
    </message>
    <message>
        <source>A set-up file has no such part.</source>
        <translation>Einen solchen Teil hat eine Einrichtungsdatei nicht.</translation>
    </message>
    <message>
        <source>The set-up file names servers that are neither Kibo&apos;s nor Constant Contact&apos;s</source>
        <translation>Die Einrichtungsdatei nennt Server, die weder zu Kibo noch zu Constant Contact gehören</translation>
    </message>
    <message>
        <source>{addresses}. The shared secret and the login would be given to them. Nothing was changed.</source>
        <translation>{addresses}. Das gemeinsame Geheimnis und die Anmeldung würden ihnen gegeben. Es wurde nichts geändert.</translation>
    </message>
    <message>
        <source>Go on only if the partner who gave you the file has told you why.</source>
        <translation>Machen Sie nur weiter, wenn der Partner, von dem Sie die Datei haben, Ihnen gesagt hat, warum.</translation>
    </message>
    <message>
        <source>Its value is neither a text nor a number, true or false.</source>
        <translation>Ihr Wert ist weder ein Text noch eine Zahl, wahr oder falsch.</translation>
    </message>
    <message>
        <source>A set-up file never holds a secret: it is entered in ccdesk itself.</source>
        <translation>Eine Einrichtungsdatei enthält nie ein Geheimnis: Es wird in ccdesk selbst eingegeben.</translation>
    </message>
    <message>
        <source>This is decided on each computer, so a set-up file cannot hold it.</source>
        <translation>Das wird auf jedem Computer entschieden, deshalb kann eine Einrichtungsdatei es nicht enthalten.</translation>
    </message>
    <message>
        <source>ccdesk has no such setting.</source>
        <translation>Eine solche Einstellung hat ccdesk nicht.</translation>
    </message>
    <message>
        <source>This is no set-up file that can be used</source>
        <translation>Das ist keine brauchbare Einrichtungsdatei</translation>
    </message>
    <message>
        <source>Ask whoever gave it to you for a new one. Nothing was changed.</source>
        <translation>Bitten Sie den, der sie Ihnen gegeben hat, um eine neue. Es wurde nichts geändert.</translation>
    </message>
    <message>
        <source>“{key}” in the set-up file is not valid</source>
        <translation>„{key}“ in der Einrichtungsdatei ist nicht gültig</translation>
    </message>
    <message>
        <source>“{key}” ({label}) in the set-up file is not valid</source>
        <translation>„{key}“ ({label}) in der Einrichtungsdatei ist nicht gültig</translation>
    </message>
    <message>
        <source>Nothing was changed: correct the file, or ask whoever gave it to you.</source>
        <translation>Es wurde nichts geändert: Berichtigen Sie die Datei, oder fragen Sie den, der sie Ihnen gegeben hat.</translation>
    </message>
    <message>
        <source>The Constant Contact user lacks privileges: {privileges}</source>
        <translation>Dem Benutzer von Constant Contact fehlen Rechte: {privileges}</translation>
    </message>
    <message>
        <source>Log in as a user who may manage contacts, or have the role changed.</source>
        <translation>Melden Sie sich als ein Benutzer an, der Kontakte verwalten darf, oder lassen Sie die Rolle ändern.</translation>
    </message>
    <message>
        <source>The login has run out.</source>
        <translation>Die Anmeldung ist abgelaufen.</translation>
    </message>
    <message>
        <source>The customers ccdesk remembers are of another shop</source>
        <translation>Die Kunden, die ccdesk kennt, sind die eines anderen Shops</translation>
    </message>
    <message>
        <source>They are of tenant {theirs}; the settings, or a variable of the environment, now name tenant {named}, where the same numbers are other people. Nothing was asked or changed there.</source>
        <translation>Sie gehören zum Tenant {theirs}; die Einstellungen oder eine Umgebungsvariable nennen jetzt den Tenant {named}, in dem dieselben Nummern andere Personen sind. Dort wurde nichts gelesen oder geändert.</translation>
    </message>
    <message>
        <source>Put the tenant or the home address right. For another shop use another data folder.</source>
        <translation>Berichtigen Sie den Tenant oder die Home-Adresse. Verwenden Sie für einen anderen Shop einen anderen Datenordner.</translation>
    </message>
    <message>
        <source>nothing: staff have left it as it is, and it is named again once either side changes</source>
        <translation>nichts: Mitarbeiter haben es so gelassen, und es wird wieder genannt, sobald sich eine Seite ändert</translation>
    </message>
    <message>
        <source>never read</source>
        <translation>nie gelesen</translation>
    </message>
    <message>
        <source>not there any more</source>
        <translation>nicht mehr da</translation>
    </message>
    <message>
        <source>has another email now</source>
        <translation>hat jetzt eine andere E-Mail-Adresse</translation>
    </message>
    <message>
        <source>gone from Kibo</source>
        <translation>nicht mehr in Kibo</translation>
    </message>
    <message>
        <source>seen, but its opt-in was not acted on yet</source>
        <translation>gesehen, aber die Einwilligung wurde nicht verarbeitet</translation>
    </message>
    <message>
        <source>opt-out called a mistake</source>
        <translation>Widerruf, als Versehen bezeichnet</translation>
    </message>
    <message>
        <source>opt-out held</source>
        <translation>Widerruf, zurückgehalten</translation>
    </message>
    <message>
        <source>opt-out to be written to Kibo</source>
        <translation>Widerruf, noch in Kibo einzutragen</translation>
    </message>
    <message>
        <source>opt-in called a mistake</source>
        <translation>Einwilligung, als Versehen bezeichnet</translation>
    </message>
    <message>
        <source>opt-in held</source>
        <translation>Einwilligung, zurückgehalten</translation>
    </message>
    <message>
        <source>opt-in to be written to Kibo</source>
        <translation>Einwilligung, noch in Kibo einzutragen</translation>
    </message>
    <message>
        <source>guest account</source>
        <translation>Gastkonto</translation>
    </message>
    <message>
        <source>came after an opt-out of this person</source>
        <translation>kam nach einem Widerruf dieser Person</translation>
    </message>
    <message>
        <source>had another email when ccdesk last acted on it</source>
        <translation>hatte eine andere E-Mail-Adresse, als ccdesk zuletzt tätig war</translation>
    </message>
    <message>
        <source>{first}; {then}</source>
        <translation>{first}; {then}</translation>
    </message>
    <message>
        <source>opt-in set in Kibo</source>
        <translation>Einwilligung in Kibo gesetzt</translation>
    </message>
    <message>
        <source>opt-in cleared in Kibo</source>
        <translation>Einwilligung in Kibo zurückgenommen</translation>
    </message>
    <message>
        <source>first seen in Kibo, not opted in</source>
        <translation>zuerst in Kibo gesehen, ohne Einwilligung</translation>
    </message>
    <message>
        <source>opt-out of the email before</source>
        <translation>Widerruf unter der früheren E-Mail-Adresse</translation>
    </message>
    <message>
        <source>unsubscribed</source>
        <translation>abbestellt</translation>
    </message>
    <message>
        <source>contact deleted</source>
        <translation>Kontakt gelöscht</translation>
    </message>
    <message>
        <source>put on the list by others</source>
        <translation>von anderen auf die Liste gesetzt</translation>
    </message>
    <message>
        <source>taken off the list</source>
        <translation>von der Liste genommen</translation>
    </message>
    <message>
        <source>asked to confirm</source>
        <translation>um Bestätigung gebeten</translation>
    </message>
    <message>
        <source>answered: add</source>
        <translation>beantwortet: hinzufügen</translation>
    </message>
    <message>
        <source>answered: leave</source>
        <translation>beantwortet: weglassen</translation>
    </message>
    <message>
        <source>taken back</source>
        <translation>rückgängig gemacht</translation>
    </message>
    <message>
        <source>open</source>
        <translation>offen</translation>
    </message>
    <message>
        <source>void</source>
        <translation>ohne Wirkung</translation>
    </message>
    <message>
        <source>refused</source>
        <translation>abgelehnt</translation>
    </message>
    <message>
        <source>unknown</source>
        <translation>unbekannt</translation>
    </message>
    <message>
        <source>ccdesk</source>
        <translation>ccdesk</translation>
    </message>
    <message>
        <source>the person</source>
        <translation>die Person</translation>
    </message>
    <message>
        <source>staff</source>
        <translation>Mitarbeiter</translation>
    </message>
    <message>
        <source>not known by whom</source>
        <translation>nicht bekannt, durch wen</translation>
    </message>
    <message>
        <source>run {run}, export: {outcome}, {reason}</source>
        <translation>Lauf {run}, Export: {outcome}, {reason}</translation>
    </message>
    <message>
        <source>run {run}, events: {outcome}, {reason}</source>
        <translation>Lauf {run}, Ereignisse: {outcome}, {reason}</translation>
    </message>
    <message>
        <source>run {run}, from Constant Contact: {outcome}, {reason}</source>
        <translation>Lauf {run}, von Constant Contact: {outcome}, {reason}</translation>
    </message>
    <message>
        <source>run {run}, daily comparison: {outcome}, {reason}</source>
        <translation>Lauf {run}, täglicher Vergleich: {outcome}, {reason}</translation>
    </message>
    <message>
        <source>run {run}, undo: {outcome}, {reason}</source>
        <translation>Lauf {run}, rückgängig: {outcome}, {reason}</translation>
    </message>
    <message>
        <source>updated</source>
        <translation>aktualisiert</translation>
    </message>
    <message>
        <source>unchanged</source>
        <translation>unverändert</translation>
    </message>
    <message>
        <source>removed</source>
        <translation>entfernt</translation>
    </message>
    <message>
        <source>opted in</source>
        <translation>eingewilligt</translation>
    </message>
    <message>
        <source>skipped</source>
        <translation>übergangen</translation>
    </message>
    <message>
        <source>held</source>
        <translation>zurückgehalten</translation>
    </message>
    <message>
        <source>conflicts</source>
        <translation>Konflikte</translation>
    </message>
    <message>
        <source>error</source>
        <translation>Fehler</translation>
    </message>
    <message>
        <source>explicit</source>
        <translation>ausdrücklich</translation>
    </message>
    <message>
        <source>implicit</source>
        <translation>stillschweigend</translation>
    </message>
    <message>
        <source>pending_confirmation</source>
        <translation>Bestätigung steht aus</translation>
    </message>
    <message>
        <source>not_set</source>
        <translation>nicht gesetzt</translation>
    </message>
    <message>
        <source>temp_hold</source>
        <translation>vorübergehend gesperrt</translation>
    </message>
    <message>
        <source>{who} is mailed, and should be: {reason}</source>
        <translation>{who} bekommt E-Mails, und das ist richtig: {reason}</translation>
    </message>
    <message>
        <source>{who} is mailed, but should not be: {reason}</source>
        <translation>{who} bekommt E-Mails, sollte aber nicht: {reason}</translation>
    </message>
    <message>
        <source>{who} is not mailed, but should be: {reason}</source>
        <translation>{who} bekommt keine E-Mails, sollte aber: {reason}</translation>
    </message>
    <message>
        <source>{who} is not mailed, and should not be: {reason}</source>
        <translation>{who} bekommt keine E-Mails, und das ist richtig: {reason}</translation>
    </message>
    <message>
        <source>{who} should be mailed; whether they are is not known: {reason}</source>
        <translation>{who} sollte E-Mails bekommen; ob es so ist, ist nicht bekannt: {reason}</translation>
    </message>
    <message>
        <source>{who} should not be mailed; whether they are is not known: {reason}</source>
        <translation>{who} sollte keine E-Mails bekommen; ob es so ist, ist nicht bekannt: {reason}</translation>
    </message>
    <message>
        <source>{who} is mailed; whether they should be is not known: {reason}</source>
        <translation>{who} bekommt E-Mails; ob das richtig ist, ist nicht bekannt: {reason}</translation>
    </message>
    <message>
        <source>{who} is not mailed; whether they should be is not known: {reason}</source>
        <translation>{who} bekommt keine E-Mails; ob das richtig ist, ist nicht bekannt: {reason}</translation>
    </message>
    <message>
        <source>Nobody is known by “{who}”: no account in the shop and no contact in Constant Contact is found by that.</source>
        <translation>Unter „{who}“ ist niemand bekannt: Damit findet sich kein Konto im Shop und kein Kontakt in Constant Contact.</translation>
    </message>
    <message>
        <source>Nobody is known by “{who}”: ccdesk has never seen an account or a contact of theirs.</source>
        <translation>Unter „{who}“ ist niemand bekannt: ccdesk hat dazu nie ein Konto oder einen Kontakt gesehen.</translation>
    </message>
    <message>
        <source>That is what ccdesk remembers; both services may know more, and can be asked now.</source>
        <translation>Das ist, was ccdesk weiß; beide Dienste wissen vielleicht mehr und lassen sich jetzt fragen.</translation>
    </message>
    <message>
        <source>Both sides were read just now.</source>
        <translation>Beide Seiten wurden gerade gelesen.</translation>
    </message>
    <message>
        <source>As last read; what changed since does not show. Kibo: {shop}. Constant Contact: {mail}.</source>
        <translation>Wie zuletzt gelesen; was sich seither geändert hat, ist nicht zu sehen. Kibo: {shop}. Constant Contact: {mail}.</translation>
    </message>
    <message>
        <source>{what}, after {time} and by then at the latest</source>
        <translation>{what}, nach {time} und spätestens dann</translation>
    </message>
    <message>
        <source>Customer {number}</source>
        <translation>Kunde {number}</translation>
    </message>
    <message>
        <source>{sentence} Both sides differ.</source>
        <translation>{sentence} Die beiden Seiten unterscheiden sich.</translation>
    </message>
    <message>
        <source>{sentence} But Kibo says opted in.</source>
        <translation>{sentence} Aber in Kibo steht: eingewilligt.</translation>
    </message>
    <message>
        <source>{sentence} But Kibo says not opted in.</source>
        <translation>{sentence} Aber in Kibo steht: nicht eingewilligt.</translation>
    </message>
    <message>
        <source>The rule: {words} (rule {number}; table of consent: {cell}).</source>
        <translation>Die Regel: {words} (Regel {number}; Tabelle der Einwilligung: {cell}).</translation>
    </message>
    <message>
        <source>The rule: {words} (rule {number}).</source>
        <translation>Die Regel: {words} (Regel {number}).</translation>
    </message>
    <message>
        <source>The rule: {words}.</source>
        <translation>Die Regel: {words}.</translation>
    </message>
    <message>
        <source>Rule {number} of the design; table of consent: {cell}</source>
        <translation>Regel {number} des Entwurfs; Tabelle der Einwilligung: {cell}</translation>
    </message>
    <message>
        <source>Rule {number} of the design</source>
        <translation>Regel {number} des Entwurfs</translation>
    </message>
    <message>
        <source>not looked at since it changed</source>
        <translation>seit der Änderung nicht angesehen</translation>
    </message>
    <message>
        <source>{sentence}.</source>
        <translation>{sentence}.</translation>
    </message>
    <message>
        <source>not opted in</source>
        <translation>nicht eingewilligt</translation>
    </message>
    <message>
        <source>not known</source>
        <translation>nicht bekannt</translation>
    </message>
    <message>
        <source>no account</source>
        <translation>kein Konto</translation>
    </message>
    <message>
        <source>no account known</source>
        <translation>kein Konto bekannt</translation>
    </message>
    <message>
        <source>not on the list</source>
        <translation>nicht auf der Liste</translation>
    </message>
    <message>
        <source>not known whether on the list</source>
        <translation>nicht bekannt, ob auf der Liste</translation>
    </message>
    <message>
        <source>{listed}, {permission}</source>
        <translation>{listed}, {permission}</translation>
    </message>
    <message>
        <source>contact {id}</source>
        <translation>Kontakt {id}</translation>
    </message>
    <message>
        <source>no contact</source>
        <translation>kein Kontakt</translation>
    </message>
    <message>
        <source>{what} ({ended})</source>
        <translation>{what} ({ended})</translation>
    </message>
    <message>
        <source>{what}, {author}</source>
        <translation>{what}, {author}</translation>
    </message>
    <message>
        <source>{what}: {evidence}</source>
        <translation>{what}: {evidence}</translation>
    </message>
    <message>
        <source>nothing, as long as nobody acts.</source>
        <translation>nichts, solange niemand etwas tut.</translation>
    </message>
    <message>
        <source>{what} ({time}).</source>
        <translation>{what} ({time}).</translation>
    </message>
    <message>
        <source>customer {number} {email}: opted in</source>
        <translation>Kunde {number} {email}: eingewilligt</translation>
    </message>
    <message>
        <source>customer {number} {email}: not opted in</source>
        <translation>Kunde {number} {email}: nicht eingewilligt</translation>
    </message>
    <message>
        <source>customer {number} {email}: opt-in not known</source>
        <translation>Kunde {number} {email}: Einwilligung nicht bekannt</translation>
    </message>
    <message>
        <source>without an email</source>
        <translation>ohne E-Mail-Adresse</translation>
    </message>
    <message>
        <source>{what}, changed {time}</source>
        <translation>{what}, geändert {time}</translation>
    </message>
    <message>
        <source>{what} ({remark})</source>
        <translation>{what} ({remark})</translation>
    </message>
    <message>
        <source>{what}, since {time}</source>
        <translation>{what}, seit {time}</translation>
    </message>
    <message>
        <source>The data file could not be backed up</source>
        <translation>Die Datendatei ließ sich nicht sichern</translation>
    </message>
    <message>
        <source>What was to be done is not done without a backup. The file is {path}.</source>
        <translation>Was zu tun war, wird ohne Sicherung nicht getan. Die Datei ist {path}.</translation>
    </message>
    <message>
        <source>The data file is empty</source>
        <translation>Die Datendatei ist leer</translation>
    </message>
    <message>
        <source>It holds nothing at all, not even ccdesk&apos;s tables: something has emptied it.</source>
        <translation>Sie enthält gar nichts, nicht einmal die Tabellen von ccdesk: Etwas hat sie geleert.</translation>
    </message>
    <message>
        <source>Put a backup in its place, or delete it and the “.made” file beside it to start anew, without settings.</source>
        <translation>Legen Sie eine Sicherung an ihre Stelle, oder löschen Sie sie und die „.made“-Datei daneben, um neu zu beginnen, ohne Einstellungen.</translation>
    </message>
    <message>
        <source>The data file is missing, but a part of it is still there</source>
        <translation>Die Datendatei fehlt, aber ein Teil von ihr ist noch da</translation>
    </message>
    <message>
        <source>A “-wal” file beside it holds the latest changes of a data file that was moved or deleted.</source>
        <translation>Eine „-wal“-Datei daneben enthält die letzten Änderungen einer Datendatei, die verschoben oder gelöscht wurde.</translation>
    </message>
    <message>
        <source>Put the data file back beside it, or delete “-wal” and “.made” file to start anew, without settings.</source>
        <translation>Legen Sie die Datendatei wieder daneben, oder löschen Sie die „-wal“- und die „.made“-Datei, um neu zu beginnen, ohne Einstellungen.</translation>
    </message>
    <message>
        <source>There is a folder where the data file should be</source>
        <translation>Wo die Datendatei sein sollte, ist ein Ordner</translation>
    </message>
    <message>
        <source>The data file cannot be created under that name.</source>
        <translation>Unter diesem Namen lässt sich die Datendatei nicht anlegen.</translation>
    </message>
    <message>
        <source>Move the folder away.</source>
        <translation>Verschieben Sie den Ordner.</translation>
    </message>
    <message>
        <source>The data file belongs to another user</source>
        <translation>Die Datendatei gehört einem anderen Benutzer</translation>
    </message>
    <message>
        <source>Another user of this computer put it there, or a link in its place: what it says of anybody&apos;s consent cannot be trusted.</source>
        <translation>Ein anderer Benutzer dieses Computers hat sie dorthin gelegt, oder eine Verknüpfung an ihrer Stelle: Was sie über die Einwilligung von irgendwem sagt, ist nicht verlässlich.</translation>
    </message>
    <message>
        <source>Look where it comes from. If it is yours all the same, make yourself its owner, and start again.</source>
        <translation>Sehen Sie nach, woher sie kommt. Ist es trotzdem Ihre, machen Sie sich zu ihrem Eigentümer, und starten Sie neu.</translation>
    </message>
    <message>
        <source>The folder for the data file does not exist</source>
        <translation>Den Ordner für die Datendatei gibt es nicht</translation>
    </message>
    <message>
        <source>The data file can be neither read nor created there.</source>
        <translation>Die Datendatei lässt sich dort weder lesen noch anlegen.</translation>
    </message>
    <message>
        <source>Create the folder.</source>
        <translation>Legen Sie den Ordner an.</translation>
    </message>
    <message>
        <source>The data file is missing</source>
        <translation>Die Datendatei fehlt</translation>
    </message>
    <message>
        <source>There was one: it holds the settings and what is known of each person&apos;s consent. No empty one was made in its place.</source>
        <translation>Es gab eine: Sie enthält die Einstellungen und was von der Einwilligung jeder Person bekannt ist. An ihrer Stelle wurde keine leere angelegt.</translation>
    </message>
    <message>
        <source>Put it or a backup back in its place. To start anew all the same, delete the file “{marker}” beside it.</source>
        <translation>Legen Sie sie oder eine Sicherung wieder an ihre Stelle. Um trotzdem neu zu beginnen, löschen Sie die Datei „{marker}“ daneben.</translation>
    </message>
    <message>
        <source>The data file was moved, deleted or exchanged</source>
        <translation>Die Datendatei wurde verschoben, gelöscht oder ausgetauscht</translation>
    </message>
    <message>
        <source>It happened while ccdesk was using it, so what was done last would be stored where nobody finds it.</source>
        <translation>Das geschah, während ccdesk sie verwendete; was zuletzt getan wurde, läge dann dort, wo niemand es findet.</translation>
    </message>
    <message>
        <source>Close every ccdesk, put the data file back in its place, and start again.</source>
        <translation>Schließen Sie jedes ccdesk, legen Sie die Datendatei wieder an ihre Stelle, und starten Sie neu.</translation>
    </message>
    <message>
        <source>The data file could not be copied for the preview</source>
        <translation>Die Datendatei ließ sich für die Vorschau nicht kopieren</translation>
    </message>
    <message>
        <source>A preview works on a copy, which needs as much room as the data file. The file is {path}.</source>
        <translation>Eine Vorschau arbeitet mit einer Kopie, die so viel Platz braucht wie die Datendatei. Die Datei ist {path}.</translation>
    </message>
    <message>
        <source>The data file cannot be opened</source>
        <translation>Die Datendatei lässt sich nicht öffnen</translation>
    </message>
    <message>
        <source>It or its folder is missing, or this user may not read and write there. Nothing was changed.</source>
        <translation>Sie oder ihr Ordner fehlt, oder dieser Benutzer darf dort nicht lesen und schreiben. Es wurde nichts geändert.</translation>
    </message>
    <message>
        <source>Check that the folder exists and belongs to you.</source>
        <translation>Prüfen Sie, ob es den Ordner gibt und ob er Ihnen gehört.</translation>
    </message>
    <message>
        <source>The data file cannot be written</source>
        <translation>Die Datendatei lässt sich nicht schreiben</translation>
    </message>
    <message>
        <source>The file or its folder is read-only for this user. Nothing was changed.</source>
        <translation>Die Datei oder ihr Ordner ist für diesen Benutzer schreibgeschützt. Es wurde nichts geändert.</translation>
    </message>
    <message>
        <source>Allow writing to the folder.</source>
        <translation>Erlauben Sie das Schreiben in den Ordner.</translation>
    </message>
    <message>
        <source>The disk is full</source>
        <translation>Der Datenträger ist voll</translation>
    </message>
    <message>
        <source>The last step could not be stored; everything before it is whole.</source>
        <translation>Der letzte Schritt ließ sich nicht speichern; alles davor ist vollständig.</translation>
    </message>
    <message>
        <source>Free some space, then try again.</source>
        <translation>Schaffen Sie Platz, und versuchen Sie es dann noch einmal.</translation>
    </message>
    <message>
        <source>The data file is in use</source>
        <translation>Die Datendatei wird gerade verwendet</translation>
    </message>
    <message>
        <source>Another program kept it locked for too long. Nothing was lost.</source>
        <translation>Ein anderes Programm hat sie zu lange gesperrt. Nichts ist verloren.</translation>
    </message>
    <message>
        <source>Close other programs that have it open (a backup, a database viewer), then try again.</source>
        <translation>Schließen Sie andere Programme, die sie geöffnet haben (eine Sicherung, ein Datenbankprogramm), und versuchen Sie es dann noch einmal.</translation>
    </message>
    <message>
        <source>The data file is damaged</source>
        <translation>Die Datendatei ist beschädigt</translation>
    </message>
    <message>
        <source>It was left as it is, and is not used any further.</source>
        <translation>Sie wurde gelassen, wie sie ist, und wird nicht weiter verwendet.</translation>
    </message>
    <message>
        <source>Close every ccdesk, move the “-wal” and “-shm” files beside it away, and put a backup in its place. Without a backup, move the file and the “.made” file beside it away: ccdesk then starts anew, without settings and without knowing who opted out.</source>
        <translation>Schließen Sie jedes ccdesk, verschieben Sie die „-wal“- und die „-shm“-Datei daneben, und legen Sie eine Sicherung an ihre Stelle. Ohne Sicherung verschieben Sie die Datei und die „.made“-Datei daneben: ccdesk beginnt dann neu, ohne Einstellungen und ohne zu wissen, wer widerrufen hat.</translation>
    </message>
    <message>
        <source>This is not a data file of ccdesk</source>
        <translation>Das ist keine Datendatei von ccdesk</translation>
    </message>
    <message>
        <source>Something else is stored under that name. It was left as it is.</source>
        <translation>Unter diesem Namen ist etwas anderes gespeichert. Es wurde gelassen, wie es ist.</translation>
    </message>
    <message>
        <source>Move it away.</source>
        <translation>Verschieben Sie es.</translation>
    </message>
    <message>
        <source>The data file was written by a newer version of ccdesk</source>
        <translation>Die Datendatei wurde von einer neueren Version von ccdesk geschrieben</translation>
    </message>
    <message>
        <source>This version does not know how to read it. Nothing was changed.</source>
        <translation>Diese Version kann sie nicht lesen. Es wurde nichts geändert.</translation>
    </message>
    <message>
        <source>Install the newer version.</source>
        <translation>Installieren Sie die neuere Version.</translation>
    </message>
    <message>
        <source>The disk reports an error</source>
        <translation>Der Datenträger meldet einen Fehler</translation>
    </message>
    <message>
        <source>The data file could not be read or written; everything stored before is as the disk has it.</source>
        <translation>Die Datendatei ließ sich nicht lesen oder schreiben; alles vorher Gespeicherte ist so, wie es auf dem Datenträger steht.</translation>
    </message>
    <message>
        <source>Check the disk or the network drive, then try again.</source>
        <translation>Prüfen Sie den Datenträger oder das Netzlaufwerk, und versuchen Sie es dann noch einmal.</translation>
    </message>
    <message>
        <source>The data file has been closed</source>
        <translation>Die Datendatei ist geschlossen</translation>
    </message>
    <message>
        <source>The program is shutting down, so this was not stored.</source>
        <translation>Das Programm wird gerade beendet, deshalb wurde dies nicht gespeichert.</translation>
    </message>
    <message>
        <source>Start ccdesk again.</source>
        <translation>Starten Sie ccdesk neu.</translation>
    </message>
    <message>
        <source>{meaning} The file is {path}.</source>
        <translation>{meaning} Die Datei ist {path}.</translation>
    </message>
    <message>
        <source>The bundle could not be written</source>
        <translation>Die Diagnosedatei ließ sich nicht schreiben</translation>
    </message>
    <message>
        <source>Nothing was written to {out}.</source>
        <translation>Nach {out} wurde nichts geschrieben.</translation>
    </message>
    <message>
        <source>Nobody is known by that</source>
        <translation>So ist niemand bekannt</translation>
    </message>
    <message>
        <source>No customer with this email or id is in what ccdesk remembers. Nothing was written.</source>
        <translation>Kein Kunde mit dieser E-Mail-Adresse oder Nummer ist in dem, was ccdesk weiß. Es wurde nichts geschrieben.</translation>
    </message>
    <message>
        <source>There is a file {out} already</source>
        <translation>Es gibt schon eine Datei {out}</translation>
    </message>
    <message>
        <source>A deleted list in Constant Contact still holds the name “{name}”</source>
        <translation>Eine gelöschte Liste in Constant Contact belegt noch den Namen „{name}“</translation>
    </message>
    <message>
        <source>A list with this name cannot be created.</source>
        <translation>Eine Liste mit diesem Namen kann nicht angelegt werden.</translation>
    </message>
    <message>
        <source>Choose another name.</source>
        <translation>Wählen Sie einen anderen Namen.</translation>
    </message>
    <message>
        <source>The account has {n:,} lists, and Constant Contact allows {most:,}.</source>
        <translation>Das Konto hat {n:,} Listen, und Constant Contact erlaubt {most:,}.</translation>
    </message>
    <message>
        <source>{said} {fault}</source>
        <translation>{said} {fault}</translation>
    </message>
    <message>
        <source>Choose one of the lists that are there, or delete one in Constant Contact that nobody uses.</source>
        <translation>Wählen Sie eine der vorhandenen Listen, oder löschen Sie in Constant Contact eine, die niemand braucht.</translation>
    </message>
    <message>
        <source>If that is about the name, choose another. If the account has all the lists it may have ({most:,}), choose one that is there, or delete one that nobody uses.</source>
        <translation>Wenn es um den Namen geht, wählen Sie einen anderen. Wenn das Konto schon alle Listen hat, die es haben darf ({most:,}), wählen Sie eine vorhandene, oder löschen Sie eine, die niemand braucht.</translation>
    </message>
    <message>
        <source>Constant Contact did not create the list “{name}”</source>
        <translation>Constant Contact hat die Liste „{name}“ nicht angelegt</translation>
    </message>
    <message>
        <source>There is no folder {folder}</source>
        <translation>Den Ordner {folder} gibt es nicht</translation>
    </message>
    <message>
        <source>Choose another place.</source>
        <translation>Wählen Sie einen anderen Ort.</translation>
    </message>
    <message>
        <source>The folder {folder} cannot be written</source>
        <translation>In den Ordner {folder} lässt sich nicht schreiben</translation>
    </message>
    <message>
        <source>Nothing was written.</source>
        <translation>Es wurde nichts geschrieben.</translation>
    </message>
    <message>
        <source>This bundle was made by another version of ccdesk</source>
        <translation>Diese Diagnosedatei wurde von einer anderen Version von ccdesk angelegt</translation>
    </message>
    <message>
        <source>Its format is {format}; this version reads {known}.</source>
        <translation>Ihr Format ist {format}; diese Version liest {known}.</translation>
    </message>
    <message>
        <source>Use the version that made it, or a newer one.</source>
        <translation>Verwenden Sie die Version, die sie angelegt hat, oder eine neuere.</translation>
    </message>
    <message>
        <source>{name} is not a bundle that can be read</source>
        <translation>{name} ist keine lesbare Diagnosedatei</translation>
    </message>
    <message>
        <source>It is missing, damaged, or no bundle of ccdesk.</source>
        <translation>Sie fehlt, ist beschädigt oder keine Diagnosedatei von ccdesk.</translation>
    </message>
    <message>
        <source>Ask for it once more, or give another file.</source>
        <translation>Bitten Sie noch einmal um sie, oder nehmen Sie eine andere Datei.</translation>
    </message>
    <message>
        <source>the data file was 64 MB or more, or the disk nearly full: it was not copied before the run</source>
        <translation>die Datendatei hatte 64 MB oder mehr, oder der Datenträger war fast voll: Sie wurde vor dem Lauf nicht kopiert</translation>
    </message>
    <message>
        <source>the services answered more than is kept of one run</source>
        <translation>die Dienste haben mehr geantwortet, als von einem Lauf aufgehoben wird</translation>
    </message>
    <message>
        <source>its record is damaged</source>
        <translation>seine Aufzeichnung ist beschädigt</translation>
    </message>
    <message>
        <source>{name}: the bundle does not hold this call</source>
        <translation>{name}: Die Diagnosedatei enthält diesen Aufruf nicht</translation>
    </message>
    <message>
        <source>The key under which names are recorded is gone.</source>
        <translation>Der Schlüssel, unter dem Namen aufgezeichnet werden, ist weg.</translation>
    </message>
    <message>
        <source>Run {run_id} can only be looked at</source>
        <translation>Lauf {run_id} lässt sich nur ansehen</translation>
    </message>
    <message>
        <source>It cannot be done again: {why}. Runs that can: {known}.</source>
        <translation>Er lässt sich nicht nachspielen: {why}. Nachspielen lassen sich: {known}.</translation>
    </message>
    <message>
        <source>“ccdesk open” shows it.</source>
        <translation>„ccdesk open“ zeigt ihn.</translation>
    </message>
    <message>
        <source>The bundle has no run to do again</source>
        <translation>Die Diagnosedatei enthält keinen Lauf zum Nachspielen</translation>
    </message>
    <message>
        <source>Run {run_id} is not in the bundle</source>
        <translation>Lauf {run_id} ist nicht in der Diagnosedatei</translation>
    </message>
    <message>
        <source>Runs that can be done again: {known}. A run is recorded if anything happened in it, its data file was smaller than 64 MB, and nobody in it was forgotten since.</source>
        <translation>Läufe, die sich nachspielen lassen: {known}. Ein Lauf wird aufgezeichnet, wenn darin etwas geschehen ist, seine Datendatei kleiner als 64 MB war und seither niemand daraus vergessen wurde.</translation>
    </message>
    <message>
        <source>account is not active in Kibo</source>
        <translation>das Konto ist in Kibo nicht aktiv</translation>
    </message>
    <message>
        <source>guest account; guests are not exported (setting)</source>
        <translation>Gastkonto; Gäste werden nicht exportiert (Einstellung)</translation>
    </message>
    <message>
        <source>The contact list “{list_name}” is gone from Constant Contact</source>
        <translation>Die Kontaktliste „{list_name}“ gibt es in Constant Contact nicht mehr</translation>
    </message>
    <message>
        <source>opted out together with unusually many others: held until it is answered</source>
        <translation>hat zusammen mit ungewöhnlich vielen anderen widerrufen: zurückgehalten, bis geantwortet wird</translation>
    </message>
    <message>
        <source>no account in the shop has this email</source>
        <translation>kein Konto im Shop hat diese E-Mail-Adresse</translation>
    </message>
    <message>
        <source>may have left the list before: left out until they opt in again</source>
        <translation>hat die Liste vielleicht früher verlassen: bleibt weg bis zu einer neuen Einwilligung</translation>
    </message>
    <message>
        <source>taken back by undoing a run: left as it is until they opt in anew or sign up</source>
        <translation>durch Rückgängigmachen eines Laufs zurückgenommen: bleibt so bis zu einer neuen Einwilligung oder Eintragung</translation>
    </message>
    <message>
        <source>the email cannot be sent to Constant Contact</source>
        <translation>die E-Mail-Adresse lässt sich nicht an Constant Contact senden</translation>
    </message>
    <message>
        <source>changed in the shop since the last run</source>
        <translation>seit dem letzten Lauf im Shop geändert</translation>
    </message>
    <message>
        <source>{held:,} opt-outs are unusually many at once, so they wait for your answer</source>
        <translation>{held:,} Widerrufe auf einmal sind ungewöhnlich viele, deshalb warten sie auf Ihre Antwort</translation>
    </message>
    <message>
        <source>This can happen when a list is emptied, a file is imported by mistake, or somebody makes up accounts. Nothing was changed for these people; everything else was done. Opt-outs made in Kibo go ahead after 24 hours without an answer; people who left the list get no email, and wait.</source>
        <translation>Das kann vorkommen, wenn eine Liste geleert, versehentlich eine Datei importiert wird oder jemand Konten erfindet. Für diese Personen wurde nichts geändert; alles andere ist getan. Widerrufe in Kibo werden nach 24 Stunden ohne Antwort ausgeführt; wer die Liste verlassen hat, bekommt keine E-Mails und wartet.</translation>
    </message>
    <message>
        <source>Check in Constant Contact and Kibo whether this is meant.</source>
        <translation>Prüfen Sie in Constant Contact und Kibo, ob das gewollt ist.</translation>
    </message>
    <message>
        <source>A bulk job at Constant Contact did not finish</source>
        <translation>Ein Sammelauftrag bei Constant Contact ist nicht fertig geworden</translation>
    </message>
    <message>
        <source>Some people may not have been added or removed yet. Nothing was lost.</source>
        <translation>Einige Personen sind vielleicht noch nicht hinzugefügt oder entfernt. Nichts ist verloren.</translation>
    </message>
    <message>
        <source>Run the sync again in a while; it goes on with those that are missing.</source>
        <translation>Starten Sie den Abgleich nach einer Weile noch einmal; er macht mit denen weiter, die fehlen.</translation>
    </message>
    <message>
        <source>Constant Contact did not accept this person</source>
        <translation>Constant Contact hat diese Person nicht angenommen</translation>
    </message>
    <message>
        <source>Look at this contact in Constant Contact, for instance on how many lists it is.</source>
        <translation>Sehen Sie sich diesen Kontakt in Constant Contact an, zum Beispiel, auf wie vielen Listen er steht.</translation>
    </message>
    <message>
        <source>Not on the list after it was sent to Constant Contact; it is tried again</source>
        <translation>Nach dem Senden an Constant Contact nicht auf der Liste; es wird noch einmal versucht</translation>
    </message>
    <message>
        <source>Constant Contact may show its changes late, or has left this person out.</source>
        <translation>Constant Contact zeigt Änderungen vielleicht spät oder hat diese Person ausgelassen.</translation>
    </message>
    <message>
        <source>Still on the list after the removal; it is tried again</source>
        <translation>Nach dem Entfernen noch auf der Liste; es wird noch einmal versucht</translation>
    </message>
    <message>
        <source>Constant Contact may show its changes late. Nothing was lost.</source>
        <translation>Constant Contact zeigt Änderungen vielleicht spät. Nichts ist verloren.</translation>
    </message>
    <message>
        <source>Writing to Kibo is stopped</source>
        <translation>Das Schreiben in Kibo ist angehalten</translation>
    </message>
    <message>
        <source>What is owed to Kibo is kept and nothing more is written, so that no other account is harmed.</source>
        <translation>Was in Kibo noch einzutragen ist, bleibt vermerkt, und es wird nichts mehr geschrieben, damit kein anderes Konto Schaden nimmt.</translation>
    </message>
    <message>
        <source>Writing to Kibo is stopped: customer {customer_id} lost data when its opt-in was written</source>
        <translation>Das Schreiben in Kibo ist angehalten: Kunde {customer_id} hat Daten verloren, als seine Einwilligung geschrieben wurde</translation>
    </message>
    <message>
        <source>Check customer {customer_id} in Kibo&apos;s Admin.</source>
        <translation>Prüfen Sie den Kunden {customer_id} in Kibo Admin.</translation>
    </message>
    <message>
        <source>The customer&apos;s account keeps changing in Kibo</source>
        <translation>Das Konto des Kunden ändert sich in Kibo ständig</translation>
    </message>
    <message>
        <source>Nothing was written, so that no change made there is lost.</source>
        <translation>Es wurde nichts geschrieben, damit dort keine Änderung verloren geht.</translation>
    </message>
    <message>
        <source>The contact has just been made or changed in Constant Contact; it is tried again</source>
        <translation>Der Kontakt wurde gerade in Constant Contact angelegt oder geändert; es wird noch einmal versucht</translation>
    </message>
    <message>
        <source>Constant Contact keeps this deleted contact off the list</source>
        <translation>Constant Contact hält diesen gelöschten Kontakt von der Liste fern</translation>
    </message>
    <message>
        <source>Its permission there is “{permission}”.</source>
        <translation>Seine Berechtigung dort ist „{permission}“.</translation>
    </message>
    <message>
        <source>Ask the person to sign up again through a Constant Contact form.</source>
        <translation>Bitten Sie die Person, sich über ein Formular von Constant Contact neu einzutragen.</translation>
    </message>
    <message>
        <source>Still shown on the list after the removal</source>
        <translation>Steht nach dem Entfernen noch auf der Liste</translation>
    </message>
    <message>
        <source>Undo the run once more in ten minutes.</source>
        <translation>Machen Sie den Lauf in zehn Minuten noch einmal rückgängig.</translation>
    </message>
    <message>
        <source>{waiting:,} welcome emails would be sent at once, so they wait for your answer</source>
        <translation>{waiting:,} Begrüßungs-E-Mails würden auf einmal gesendet, deshalb warten sie auf Ihre Antwort</translation>
    </message>
    <message>
        <source>This can happen when a file of customers is imported. Nobody of them is on the list yet; everything else was done.</source>
        <translation>Das kann vorkommen, wenn eine Datei mit Kunden importiert wird. Von diesen Personen ist noch niemand auf der Liste; alles andere ist getan.</translation>
    </message>
    <message>
        <source>Look in the run&apos;s people who they are.</source>
        <translation>Sehen Sie in den Personen des Laufs nach, wer sie sind.</translation>
    </message>
    <message>
        <source>the customer has no email in Kibo</source>
        <translation>der Kunde hat in Kibo keine E-Mail-Adresse</translation>
    </message>
    <message>
        <source>the account opted out under another email</source>
        <translation>das Konto hat unter einer anderen E-Mail-Adresse widerrufen</translation>
    </message>
    <message>
        <source>the account is gone from Kibo</source>
        <translation>das Konto gibt es in Kibo nicht mehr</translation>
    </message>
    <message>
        <source>the account has another email in Kibo now</source>
        <translation>das Konto hat in Kibo jetzt eine andere E-Mail-Adresse</translation>
    </message>
    <message>
        <source>{reason} (deleted on {date})</source>
        <translation>{reason} (gelöscht am {date})</translation>
    </message>
    <message>
        <source>waiting in Constant Contact ({permission})</source>
        <translation>wartet in Constant Contact ({permission})</translation>
    </message>
    <message>
        <source>{reason}: {why}</source>
        <translation>{reason}: {why}</translation>
    </message>
    <message>
        <source>{what} on {date}</source>
        <translation>{what} am {date}</translation>
    </message>
    <message>
        <source>put back on the list, fields brought up to date</source>
        <translation>wieder auf die Liste gesetzt, Felder auf den neuesten Stand gebracht</translation>
    </message>
    <message>
        <source>ccdesk is not enabled, so nothing runs by itself</source>
        <translation>ccdesk ist nicht eingeschaltet, deshalb läuft nichts von selbst</translation>
    </message>
    <message>
        <source>no loop is running now: open the window, or start a run by hand</source>
        <translation>gerade läuft nichts von selbst: Öffnen Sie das Fenster, oder starten Sie einen Lauf von Hand</translation>
    </message>
    <message>
        <source>{what}; the last one failed: {why}</source>
        <translation>{what}; der letzte ist fehlgeschlagen: {why}</translation>
    </message>
    <message>
        <source>{what}; {but}</source>
        <translation>{what}; {but}</translation>
    </message>
    <message>
        <source>nothing is done before another list is chosen: the active one is gone</source>
        <translation>nichts geschieht, bevor eine andere Liste gewählt ist: Die verwendete gibt es nicht mehr</translation>
    </message>
    <message>
        <source>the opt-out that was held is carried out, as staff have answered by the next run</source>
        <translation>der zurückgehaltene Widerruf wird beim nächsten Lauf ausgeführt, wie Mitarbeiter geantwortet haben</translation>
    </message>
    <message>
        <source>the change is parked and waits for a person, who may retry it: {why}</source>
        <translation>die Änderung ist geparkt und wartet auf jemanden, der sie erneut versuchen kann: {why}</translation>
    </message>
    <message>
        <source>staff are asked whether to add this person or to leave them</source>
        <translation>Mitarbeiter werden gefragt, ob diese Person hinzukommt oder weggelassen wird</translation>
    </message>
    <message>
        <source>the opt-out is held, for there were unusually many at once: it waits for an answer</source>
        <translation>der Widerruf ist zurückgehalten, denn es waren ungewöhnlich viele auf einmal: Er wartet auf eine Antwort</translation>
    </message>
    <message>
        <source>the opt-out is held, for there were unusually many at once: it waits for an answer, and is carried out if nobody answers</source>
        <translation>der Widerruf ist zurückgehalten, denn es waren ungewöhnlich viele auf einmal: Er wartet auf eine Antwort und wird ausgeführt, wenn niemand antwortet</translation>
    </message>
    <message>
        <source>the opt-out is written to Kibo by the next run</source>
        <translation>der Widerruf wird beim nächsten Lauf in Kibo eingetragen</translation>
    </message>
    <message>
        <source>the opt-in is written to Kibo by the next run</source>
        <translation>die Einwilligung wird beim nächsten Lauf in Kibo eingetragen</translation>
    </message>
    <message>
        <source>how the last call about the list ended is found out by the next run</source>
        <translation>wie der letzte Aufruf für die Liste ausging, stellt der nächste Lauf fest</translation>
    </message>
    <message numerus="yes">
        <source>the change in Kibo has failed {n} times ({why}) and is tried again by the next run</source>
        <comment>the change in Kibo has failed once ({why}) and is tried again by the next run</comment>
        <translation>
            <numerusform>die Änderung in Kibo ist einmal fehlgeschlagen ({why}) und wird beim nächsten Lauf noch einmal versucht</numerusform>
            <numerusform>die Änderung in Kibo ist {n}-mal fehlgeschlagen ({why}) und wird beim nächsten Lauf noch einmal versucht</numerusform>
        </translation>
    </message>
    <message>
        <source>the welcome email waits for an answer: unusually many would be sent at once</source>
        <translation>die Begrüßungs-E-Mail wartet auf eine Antwort: Es würden ungewöhnlich viele auf einmal gesendet</translation>
    </message>
    <message>
        <source>the change seen in Kibo is looked at by the next run</source>
        <translation>die in Kibo gesehene Änderung sieht der nächste Lauf an</translation>
    </message>
    <message>
        <source>they are taken off the list by the next run</source>
        <translation>der nächste Lauf nimmt die Person von der Liste</translation>
    </message>
    <message>
        <source>they are opted in in Kibo by the next run</source>
        <translation>der nächste Lauf setzt die Einwilligung in Kibo</translation>
    </message>
    <message>
        <source>they are opted out in Kibo by the next run</source>
        <translation>der nächste Lauf setzt den Widerruf in Kibo</translation>
    </message>
    <message>
        <source>they are put on the list by the next run</source>
        <translation>der nächste Lauf setzt die Person auf die Liste</translation>
    </message>
    <message>
        <source>the later act is found out and followed by the next run</source>
        <translation>der nächste Lauf stellt fest, was später geschah, und folgt dem</translation>
    </message>
    <message>
        <source>they are read again by the next run</source>
        <translation>der nächste Lauf liest beide Seiten noch einmal</translation>
    </message>
    <message>
        <source>the person confirms the email that Constant Contact has sent them, or does not</source>
        <translation>die Person bestätigt die E-Mail, die Constant Contact ihr gesendet hat, oder nicht</translation>
    </message>
    <message>
        <source>staff take them off the list or, if they agreed again, set the opt-in in Kibo</source>
        <translation>Mitarbeiter nehmen die Person von der Liste oder setzen, wenn sie wieder eingewilligt hat, die Einwilligung in Kibo</translation>
    </message>
    <message>
        <source>staff decide whether they stay on the list</source>
        <translation>Mitarbeiter entscheiden, ob die Person auf der Liste bleibt</translation>
    </message>
    <message>
        <source>staff set right what was called a mistake; until then it is named</source>
        <translation>Mitarbeiter stellen richtig, was ein Versehen genannt wurde; bis dahin wird es genannt</translation>
    </message>
    <message>
        <source>the person opts in anew in Kibo, or signs up in Constant Contact</source>
        <translation>die Person willigt in Kibo neu ein oder trägt sich in Constant Contact ein</translation>
    </message>
    <message>
        <source>somebody corrects the email in Kibo; the change is then taken up</source>
        <translation>jemand berichtigt die E-Mail-Adresse in Kibo; die Änderung wird dann aufgenommen</translation>
    </message>
    <message>
        <source>Constant Contact shows otherwise: a confirmation, or the end of the hold</source>
        <translation>Constant Contact zeigt etwas anderes: eine Bestätigung oder das Ende der Sperre</translation>
    </message>
    <message>
        <source>the first export puts them on the list; it is started by hand</source>
        <translation>der erste Export setzt die Person auf die Liste; er wird von Hand gestartet</translation>
    </message>
    <message>
        <source>nobody could be asked to confirm: the person may sign up by themselves</source>
        <translation>niemand konnte um Bestätigung gebeten werden: Die Person kann sich selbst eintragen</translation>
    </message>
    <message>
        <source>{reason}; a change of customer {number} waits for a person, so this may not be so any more: {why}</source>
        <translation>{reason}; eine Änderung des Kunden {number} wartet auf jemanden, deshalb stimmt das vielleicht nicht mehr: {why}</translation>
    </message>
    <message>
        <source>the list is gone from Constant Contact, and nobody is put on another before it is chosen</source>
        <translation>die Liste gibt es in Constant Contact nicht mehr, und niemand kommt auf eine andere, bevor sie gewählt ist</translation>
    </message>
    <message>
        <source>a person is mailed if any account with their email is opted in</source>
        <translation>Eine Person bekommt E-Mails, wenn irgendein Konto mit ihrer E-Mail-Adresse eingewilligt hat</translation>
    </message>
    <message>
        <source>a person is not mailed when no account with their email is opted in</source>
        <translation>Eine Person bekommt keine E-Mails, wenn kein Konto mit ihrer E-Mail-Adresse eingewilligt hat</translation>
    </message>
    <message>
        <source>an opt-out in Constant Contact counts for every account with the email</source>
        <translation>Ein Widerruf in Constant Contact gilt für jedes Konto mit der E-Mail-Adresse</translation>
    </message>
    <message>
        <source>an account that is disabled, gone or a guest&apos;s is no opt-out, but then nobody agrees any more: staff decide</source>
        <translation>Ein gesperrtes Konto, ein nicht mehr vorhandenes oder das eines Gasts ist kein Widerruf, aber dann willigt niemand mehr ein: Mitarbeiter entscheiden</translation>
    </message>
    <message>
        <source>being on the list is no consent by itself; people put there by others are left alone</source>
        <translation>Auf der Liste zu stehen ist für sich keine Einwilligung; wen andere dorthin gesetzt haben, der wird in Ruhe gelassen</translation>
    </message>
    <message>
        <source>an opt-out stands, even if others put the person back on the list: staff decide</source>
        <translation>Ein Widerruf gilt, auch wenn andere die Person wieder auf die Liste setzen: Mitarbeiter entscheiden</translation>
    </message>
    <message>
        <source>an opt-out that staff have called a mistake is not carried over, but stays listed</source>
        <translation>Ein Widerruf, den Mitarbeiter ein Versehen genannt haben, wird nicht übertragen, bleibt aber aufgeführt</translation>
    </message>
    <message>
        <source>unusually many opt-outs at once wait for an answer</source>
        <translation>Ungewöhnlich viele Widerrufe auf einmal warten auf eine Antwort</translation>
    </message>
    <message>
        <source>somebody newly opted out in the shop is taken off the list</source>
        <translation>Wer im Shop neu widerrufen hat, wird von der Liste genommen</translation>
    </message>
    <message>
        <source>somebody who signs up by their own act after opting out is opted in in Kibo</source>
        <translation>Wer sich nach einem Widerruf selbst einträgt, dessen Einwilligung wird in Kibo gesetzt</translation>
    </message>
    <message>
        <source>somebody who left the active list counts as opted out, and is opted out in Kibo</source>
        <translation>Wer die verwendete Liste verlassen hat, gilt als widerrufen und wird in Kibo so eingetragen</translation>
    </message>
    <message>
        <source>after an unsubscription a later opt-in has to be confirmed by the person</source>
        <translation>Nach einer Abbestellung muss die Person eine spätere Einwilligung bestätigen</translation>
    </message>
    <message>
        <source>nobody is asked to confirm twice; the opt-in stays in the shop, and is listed</source>
        <translation>Niemand wird zweimal um Bestätigung gebeten; die Einwilligung bleibt im Shop und wird aufgeführt</translation>
    </message>
    <message>
        <source>people deleted in Constant Contact come back only by a new opt-in</source>
        <translation>Wer in Constant Contact gelöscht wurde, kommt nur durch eine neue Einwilligung zurück</translation>
    </message>
    <message>
        <source>a contact pending, on hold or without permission is neither opted in nor opted out</source>
        <translation>Ein Kontakt, der auf Bestätigung wartet, gesperrt ist oder keine Berechtigung hat, ist weder Einwilligung noch Widerruf</translation>
    </message>
    <message>
        <source>people who may have left the list before are left out until they opt in again</source>
        <translation>Wer die Liste vielleicht früher verlassen hat, bleibt weg bis zu einer neuen Einwilligung</translation>
    </message>
    <message>
        <source>what an undo took back stays so until the person opts in or out anew</source>
        <translation>Was zurückgenommen wurde, bleibt so, bis die Person neu einwilligt oder widerruft</translation>
    </message>
    <message>
        <source>an account newer than the opt-out, or a guest&apos;s, does not lift it: staff decide</source>
        <translation>Ein Konto, das nach dem Widerruf kam, oder das eines Gasts hebt ihn nicht auf: Mitarbeiter entscheiden</translation>
    </message>
    <message>
        <source>an email that Constant Contact does not take has to be corrected in Kibo</source>
        <translation>Eine E-Mail-Adresse, die Constant Contact nicht annimmt, muss in Kibo berichtigt werden</translation>
    </message>
    <message>
        <source>a change that is refused again and again waits in the queue for staff</source>
        <translation>Eine Änderung, die immer wieder abgelehnt wird, wartet in der Warteschlange auf Mitarbeiter</translation>
    </message>
    <message>
        <source>people who are opted in in the shop are put on the list</source>
        <translation>Wer im Shop eingewilligt hat, kommt auf die Liste</translation>
    </message>
    <message>
        <source>nobody is added without an account that is opted in; ccdesk creates no customers</source>
        <translation>Niemand kommt ohne ein Konto mit Einwilligung hinzu; ccdesk legt keine Kunden an</translation>
    </message>
    <message>
        <source>that the list was deleted says nothing about who wants email</source>
        <translation>Dass die Liste gelöscht wurde, sagt nichts darüber, wer E-Mails möchte</translation>
    </message>
    <message>
        <source>of an opt-in and an opt-out the later act counts; if it cannot be told, the opt-out</source>
        <translation>Von Einwilligung und Widerruf zählt, was später war; lässt es sich nicht sagen, der Widerruf</translation>
    </message>
    <message>
        <source>what cannot be read is neither an opt-in nor an opt-out</source>
        <translation>Was sich nicht lesen lässt, ist weder Einwilligung noch Widerruf</translation>
    </message>
    <message>
        <source>opted out, and being taken off the list: it is not known yet whether that is done</source>
        <translation>widerrufen und wird gerade von der Liste genommen; ob das schon geschehen ist, ist noch nicht bekannt</translation>
    </message>
    <message>
        <source>{reason}; a change in Kibo still waits to be acted on</source>
        <translation>{reason}; eine Änderung in Kibo wartet noch darauf, verarbeitet zu werden</translation>
    </message>
    <message>
        <source>{reason}; a change of customer {number} in Kibo has not been acted on yet, so this may not be so any more</source>
        <translation>{reason}; eine Änderung des Kunden {number} in Kibo ist noch nicht verarbeitet, deshalb stimmt das vielleicht nicht mehr</translation>
    </message>
    <message>
        <source>no account in the shop and no contact in Constant Contact is found by that</source>
        <translation>damit findet sich kein Konto im Shop und kein Kontakt in Constant Contact</translation>
    </message>
    <message>
        <source>ccdesk has never seen an account or a contact of theirs</source>
        <translation>ccdesk hat dazu nie ein Konto oder einen Kontakt gesehen</translation>
    </message>
    <message>
        <source>an account has been seen, but never acted on: it was not opted in then, or waits for its turn</source>
        <translation>ein Konto wurde gesehen, aber nie verarbeitet: Es hatte damals nicht eingewilligt oder wartet, bis es an der Reihe ist</translation>
    </message>
    <message>
        <source>no account agrees any more ({why}), and they are not on the list</source>
        <translation>kein Konto willigt mehr ein ({why}), und nicht auf der Liste</translation>
    </message>
    <message>
        <source>never opted in in the shop, and not on the list</source>
        <translation>nie im Shop eingewilligt und nicht auf der Liste</translation>
    </message>
    <message>
        <source>an account that has another email now, and not on the list: nothing is done</source>
        <translation>ein Konto, das jetzt eine andere E-Mail-Adresse hat, und nicht auf der Liste: Es geschieht nichts</translation>
    </message>
    <message>
        <source>no account in the shop, and not on the list: nothing is done</source>
        <translation>kein Konto im Shop und nicht auf der Liste: Es geschieht nichts</translation>
    </message>
    <message>
        <source>opted in in the shop by one of several accounts, which is enough, and on the list</source>
        <translation>eines von mehreren Konten hat im Shop eingewilligt, das genügt, und auf der Liste</translation>
    </message>
    <message>
        <source>unsubscribed in Constant Contact, and opted out in the shop</source>
        <translation>in Constant Contact abbestellt und im Shop widerrufen</translation>
    </message>
    <message>
        <source>left the list in Constant Contact, and opted out in the shop</source>
        <translation>hat in Constant Contact die Liste verlassen und im Shop widerrufen</translation>
    </message>
    <message>
        <source>opted out in the shop, and not on the list</source>
        <translation>im Shop widerrufen und nicht auf der Liste</translation>
    </message>
    <message>
        <source>{row} × {column}: {cell}</source>
        <translation>{row} × {column}: {cell}</translation>
    </message>
    <message>
        <source>The contact exists already</source>
        <translation>Den Kontakt gibt es schon</translation>
    </message>
    <message>
        <source>The service gave an answer that cannot be used</source>
        <translation>Der Dienst gab eine unbrauchbare Antwort</translation>
    </message>
    <message>
        <source>The contact is gone from Constant Contact</source>
        <translation>Den Kontakt gibt es in Constant Contact nicht mehr</translation>
    </message>
    <message>
        <source>Constant Contact did not bring the deleted contact back</source>
        <translation>Constant Contact hat den gelöschten Kontakt nicht zurückgebracht</translation>
    </message>
    <message>
        <source>Restore the contact in Constant Contact by hand.</source>
        <translation>Stellen Sie den Kontakt in Constant Contact von Hand wieder her.</translation>
    </message>
    <message>
        <source>The contact is not active in Constant Contact any more</source>
        <translation>Der Kontakt ist in Constant Contact nicht mehr aktiv</translation>
    </message>
    <message>
        <source>opted out, but put back on the list in Constant Contact, not by their own act: left as it is, and mailed</source>
        <translation>hat widerrufen, wurde aber in Constant Contact wieder auf die Liste gesetzt, nicht durch eigenes Zutun: bleibt, wie es ist, und bekommt E-Mails</translation>
    </message>
    <message numerus="yes">
        <source>{n} customers are contacts but not on the list “{list_name}”</source>
        <comment>{n} customer is a contact but not on the list “{list_name}”</comment>
        <translation>
            <numerusform>{n} Kunde ist ein Kontakt, steht aber nicht auf der Liste „{list_name}“</numerusform>
            <numerusform>{n} Kunden sind Kontakte, stehen aber nicht auf der Liste „{list_name}“</numerusform>
        </translation>
    </message>
    <message>
        <source>This list had members before ccdesk&apos;s first export to it, and people who once left it would be mailed again. Nobody was sent yet.</source>
        <translation>Diese Liste hatte schon Mitglieder vor dem ersten Export von ccdesk, und wer sie einmal verlassen hat, bekäme wieder E-Mails. Es wurde noch niemand gesendet.</translation>
    </message>
    <message>
        <source>Correct the email in Kibo; the change is then taken up.</source>
        <translation>Berichtigen Sie die E-Mail-Adresse in Kibo; die Änderung wird dann aufgenommen.</translation>
    </message>
    <message>
        <source>There is no run {run_id}</source>
        <translation>Einen Lauf {run_id} gibt es nicht</translation>
    </message>
    <message>
        <source>The list of the runs shows their ids.</source>
        <translation>Die Liste der Läufe zeigt ihre Nummern.</translation>
    </message>
    <message>
        <source>Run {id} is an undo itself, and cannot be undone</source>
        <translation>Lauf {id} ist selbst ein Rückgängigmachen und lässt sich nicht rückgängig machen</translation>
    </message>
    <message>
        <source>Nothing was changed. People whom it took off the list are put back by an opt-in of theirs, or by staff in Constant Contact.</source>
        <translation>Es wurde nichts geändert. Wen er von der Liste genommen hat, der kommt durch eine eigene Einwilligung zurück oder durch Mitarbeiter in Constant Contact.</translation>
    </message>
    <message>
        <source>Constant Contact does not say whose contact this is</source>
        <translation>Constant Contact sagt nicht, wessen Kontakt das ist</translation>
    </message>
    <message>
        <source>The id or the email of a contact cannot be read ({which}). Nobody was sent, for this may be somebody who opted out.</source>
        <translation>Die Nummer oder die E-Mail-Adresse eines Kontakts lässt sich nicht lesen ({which}). Es wurde niemand gesendet, denn es kann jemand sein, der widerrufen hat.</translation>
    </message>
    <message>
        <source>Look at this contact in Constant Contact, then start the export again.</source>
        <translation>Sehen Sie sich diesen Kontakt in Constant Contact an, und starten Sie den Export dann noch einmal.</translation>
    </message>
    <message>
        <source>ccdesk cannot have itself started at login on this system</source>
        <translation>Auf diesem System kann sich ccdesk nicht beim Anmelden starten lassen</translation>
    </message>
    <message>
        <source>It knows how on Windows, macOS and Linux, and this is “{platform}”.</source>
        <translation>Es kann das unter Windows, macOS und Linux, und dies ist „{platform}“.</translation>
    </message>
    <message>
        <source>ccdesk lies too deep to be started at login</source>
        <translation>ccdesk liegt zu tief, um beim Anmelden gestartet zu werden</translation>
    </message>
    <message>
        <source>Windows takes a command of at most {longest} characters; this one has {command}. Nothing was changed.</source>
        <translation>Windows nimmt einen Befehl mit höchstens {longest} Zeichen; dieser hat {command}. Es wurde nichts geändert.</translation>
    </message>
    <message>
        <source>Install ccdesk, or keep its data, in a folder with a shorter path.</source>
        <translation>Installieren Sie ccdesk in einem Ordner mit kürzerem Pfad, oder halten Sie seine Daten in einem solchen.</translation>
    </message>
    <message>
        <source>The start at login could not be read or changed</source>
        <translation>Der Start beim Anmelden ließ sich nicht lesen oder ändern</translation>
    </message>
    <message>
        <source>This computer does not let ccdesk use {place}.</source>
        <translation>Dieser Computer lässt ccdesk {place} nicht verwenden.</translation>
    </message>
    <message>
        <source>This computer could not be set up for that</source>
        <translation>Dieser Computer ließ sich dafür nicht einrichten</translation>
    </message>
    <message>
        <source>ccdesk cannot be installed as a service on this system</source>
        <translation>ccdesk lässt sich auf diesem System nicht als Dienst einrichten</translation>
    </message>
    <message>
        <source>Have “ccdesk run” started by whatever starts services here.</source>
        <translation>Lassen Sie „ccdesk run“ durch das starten, was hier Dienste startet.</translation>
    </message>
    <message>
        <source>The service could not be set up</source>
        <translation>Der Dienst ließ sich nicht einrichten</translation>
    </message>
    <message>
        <source>{what} does not let ccdesk do that here.</source>
        <translation>{what} lässt ccdesk das hier nicht tun.</translation>
    </message>
    <message>
        <source>Constant Contact did not note the list in the draft</source>
        <translation>Constant Contact hat die Liste nicht im Entwurf vermerkt</translation>
    </message>
    <message>
        <source>Constant Contact says: {words}</source>
        <translation>Constant Contact sagt: {words}</translation>
    </message>
    <message>
        <source>Constant Contact says: {words} {meaning}</source>
        <translation>Constant Contact sagt: {words} {meaning}</translation>
    </message>
    <message>
        <source>Constant Contact does not accept the login any more.</source>
        <translation>Constant Contact nimmt die Anmeldung nicht mehr an.</translation>
    </message>
    <message>
        <source>Constant Contact does not allow this</source>
        <translation>Constant Contact lässt das nicht zu</translation>
    </message>
    <message>
        <source>Settle in Constant Contact what it says; where a permission is missing, log out and log in again as an Account Owner or Account Manager.</source>
        <translation>Klären Sie in Constant Contact, was dort steht; wenn eine Berechtigung fehlt, melden Sie sich ab und als Account Owner oder Account Manager wieder an.</translation>
    </message>
    <message>
        <source>Constant Contact does not know it</source>
        <translation>Constant Contact kennt das nicht</translation>
    </message>
    <message>
        <source>It clashes with something already in Constant Contact</source>
        <translation>Es verträgt sich nicht mit etwas, das es in Constant Contact schon gibt</translation>
    </message>
    <message>
        <source>Constant Contact did not accept it</source>
        <translation>Constant Contact hat es nicht angenommen</translation>
    </message>
    <message>
        <source>Constant Contact did not accept the request</source>
        <translation>Constant Contact hat die Anfrage nicht angenommen</translation>
    </message>
    <message>
        <source>A page link of the service leads to another host</source>
        <translation>Ein Link des Dienstes zur nächsten Seite führt zu einem anderen Host</translation>
    </message>
    <message>
        <source>It was not followed, because the login would have gone there.</source>
        <translation>Ihm wurde nicht gefolgt, weil die Anmeldung sonst dorthin gegangen wäre.</translation>
    </message>
    <message>
        <source>Check the Constant Contact API address in the settings.</source>
        <translation>Prüfen Sie die API-Adresse von Constant Contact in den Einstellungen.</translation>
    </message>
    <message>
        <source>The application may be switched off at Constant Contact, or the login was given without the permissions it asked for.</source>
        <translation>Vielleicht ist die Anwendung bei Constant Contact abgeschaltet, oder die Anmeldung wurde ohne die erbetenen Berechtigungen erteilt.</translation>
    </message>
    <message>
        <source>The user has every privilege that this needs; the login may have been given without one of the permissions (scopes) it asked for.</source>
        <translation>Der Benutzer hat alle Rechte, die das braucht; vielleicht wurde die Anmeldung ohne eine der erbetenen Berechtigungen (Scopes) erteilt.</translation>
    </message>
    <message>
        <source>The reason may be that the user&apos;s role lacks: {privileges}.</source>
        <translation>Der Grund kann sein, dass der Rolle des Benutzers dies fehlt: {privileges}.</translation>
    </message>
    <message>
        <source>Nothing has to be changed here: it usually passes. Try again in a while.</source>
        <translation>Hier ist nichts zu ändern: Meist geht es vorüber. Versuchen Sie es nach einer Weile noch einmal.</translation>
    </message>
    <message>
        <source>{service} did not say whether a change was done</source>
        <translation>{service} sagte nicht, ob eine Änderung ausgeführt wurde</translation>
    </message>
    <message>
        <source>{service} has trouble of its own</source>
        <translation>{service} hat selbst eine Störung</translation>
    </message>
    <message>
        <source>Something else answers at the address of {service}</source>
        <translation>Unter der Adresse von {service} antwortet etwas anderes</translation>
    </message>
    <message>
        <source>The answer is not one this service gives.</source>
        <translation>So antwortet dieser Dienst nicht.</translation>
    </message>
    <message>
        <source>Check the address in the settings.</source>
        <translation>Prüfen Sie die Adresse in den Einstellungen.</translation>
    </message>
    <message>
        <source>{service} gave an answer that cannot be used</source>
        <translation>{service} gab eine unbrauchbare Antwort</translation>
    </message>
    <message>
        <source>{service} cannot be reached</source>
        <translation>{service} ist nicht erreichbar</translation>
    </message>
    <message>
        <source>A change was sent to {service}, but its answer was lost</source>
        <translation>Eine Änderung ging an {service}, aber die Antwort ging verloren</translation>
    </message>
    <message>
        <source>The connection to {service} is not trusted</source>
        <translation>Der Verbindung zu {service} ist nicht zu trauen</translation>
    </message>
    <message>
        <source>The server&apos;s certificate could not be checked, so nothing was sent.</source>
        <translation>Das Zertifikat des Servers konnte nicht geprüft werden, also wurde nichts gesendet.</translation>
    </message>
    <message>
        <source>Kibo says: {words}</source>
        <translation>Kibo sagt: {words}</translation>
    </message>
    <message>
        <source>Kibo says: {words} {meaning}</source>
        <translation>Kibo sagt: {words} {meaning}</translation>
    </message>
    <message>
        <source>Kibo asks to slow down</source>
        <translation>Kibo bittet um weniger Tempo</translation>
    </message>
    <message>
        <source>Kibo does not accept the application&apos;s sign-in</source>
        <translation>Kibo nimmt die Anmeldung der Anwendung nicht an</translation>
    </message>
    <message>
        <source>The application may not be installed in this tenant, or its permissions changed.</source>
        <translation>Vielleicht ist die Anwendung in diesem Tenant nicht installiert, oder ihre Berechtigungen haben sich geändert.</translation>
    </message>
    <message>
        <source>Check the tenant id, and reinstall the app in Kibo.</source>
        <translation>Prüfen Sie die Tenant-ID, und installieren Sie die Anwendung in Kibo neu.</translation>
    </message>
    <message>
        <source>The application may not be installed in this tenant.</source>
        <translation>Vielleicht ist die Anwendung in diesem Tenant nicht installiert.</translation>
    </message>
    <message>
        <source>The application may lack the permission “{needed}”, or not be installed in this tenant.</source>
        <translation>Vielleicht fehlt der Anwendung die Berechtigung „{needed}“, oder sie ist in diesem Tenant nicht installiert.</translation>
    </message>
    <message>
        <source>Kibo does not allow this</source>
        <translation>Kibo lässt das nicht zu</translation>
    </message>
    <message>
        <source>If it lacks a permission, add it in Kibo&apos;s Dev Center, then install the application again. Else check the tenant id.</source>
        <translation>Wenn eine Berechtigung fehlt, ergänzen Sie sie in Kibos Dev Center und installieren die Anwendung dann neu. Sonst prüfen Sie die Tenant-ID.</translation>
    </message>
    <message>
        <source>Kibo does not know this customer</source>
        <translation>Kibo kennt diesen Kunden nicht</translation>
    </message>
    <message>
        <source>Kibo did not accept it</source>
        <translation>Kibo hat es nicht angenommen</translation>
    </message>
    <message>
        <source>Kibo did not accept the request</source>
        <translation>Kibo hat die Anfrage nicht angenommen</translation>
    </message>
    <message>
        <source>Kibo&apos;s paging does not move on</source>
        <translation>Kibos Blättern kommt nicht voran</translation>
    </message>
    <message>
        <source>Kibo&apos;s sign-in does not answer</source>
        <translation>Kibos Anmeldedienst antwortet nicht</translation>
    </message>
    <message>
        <source>The Kibo application key or its shared secret is missing</source>
        <translation>Der Kibo-Anwendungsschlüssel oder sein gemeinsames Geheimnis fehlt</translation>
    </message>
    <message>
        <source>Something else than Kibo answers at Kibo&apos;s sign-in</source>
        <translation>Wo Kibos Anmeldedienst sein soll, antwortet etwas anderes</translation>
    </message>
    <message>
        <source>What came back is not what Kibo&apos;s sign-in gives; it may be a page of a proxy or portal.</source>
        <translation>So antwortet Kibos Anmeldedienst nicht; vielleicht ist es die Seite eines Proxys oder Portals.</translation>
    </message>
    <message>
        <source>Check the Kibo home address, and that nothing on the way wants a login of its own.</source>
        <translation>Prüfen Sie die Kibo-Home-Adresse, und dass unterwegs nichts eine eigene Anmeldung verlangt.</translation>
    </message>
    <message>
        <source>One of three is wrong: the application key, the shared secret, or the home address, because each of Kibo&apos;s homes knows its own applications only.</source>
        <translation>Eines von dreien ist falsch: der Anwendungsschlüssel, das gemeinsame Geheimnis oder die Home-Adresse, denn jedes Home von Kibo kennt nur seine eigenen Anwendungen.</translation>
    </message>
    <message>
        <source>Kibo refused the application key or the shared secret</source>
        <translation>Kibo hat den Anwendungsschlüssel oder das gemeinsame Geheimnis abgelehnt</translation>
    </message>
    <message>
        <source>The key changes with the application&apos;s version.</source>
        <translation>Der Schlüssel ändert sich mit der Version der Anwendung.</translation>
    </message>
    <message>
        <source>The Kibo tenant id is missing</source>
        <translation>Die Kibo-Tenant-ID fehlt</translation>
    </message>
    <message>
        <source>Kibo does not know tenant {tenant_id}</source>
        <translation>Kibo kennt den Tenant {tenant_id} nicht</translation>
    </message>
    <message>
        <source>The tenant id is wrong, or the tenant belongs to another of Kibo&apos;s homes.</source>
        <translation>Die Tenant-ID ist falsch, oder der Tenant gehört zu einem anderen Home von Kibo.</translation>
    </message>
    <message>
        <source>Check the tenant id and the Kibo home address.</source>
        <translation>Prüfen Sie die Tenant-ID und die Kibo-Home-Adresse.</translation>
    </message>
    <message>
        <source>Kibo did not tell the tenant&apos;s host</source>
        <translation>Kibo hat den Host des Tenants nicht genannt</translation>
    </message>
    <message>
        <source>Kibo did not keep the opt-in</source>
        <translation>Kibo hat die Einwilligung nicht behalten</translation>
    </message>
    <message>
        <source>Kibo did not keep the opt-out</source>
        <translation>Kibo hat den Widerruf nicht behalten</translation>
    </message>
    <message>
        <source>It answered the change, but shows the account without it.</source>
        <translation>Auf die Änderung kam eine Antwort, aber das Konto zeigt sie nicht.</translation>
    </message>
    <message>
        <source>Check this customer in Kibo; the sync tries again.</source>
        <translation>Prüfen Sie diesen Kunden in Kibo; der Abgleich versucht es wieder.</translation>
    </message>
    <message>
        <source>Kibo lost fields of this account when the opt-in was written</source>
        <translation>Kibo hat beim Schreiben der Einwilligung Felder dieses Kontos verloren</translation>
    </message>
    <message>
        <source>Missing afterwards: {fields}. The opt-in itself was written.</source>
        <translation>Danach fehlen: {fields}. Die Einwilligung selbst wurde geschrieben.</translation>
    </message>
    <message>
        <source>Check this customer in Kibo, and stop writing opt-ins until it is understood.</source>
        <translation>Prüfen Sie diesen Kunden in Kibo, und schreiben Sie keine Einwilligungen mehr, bis das verstanden ist.</translation>
    </message>
    <message>
        <source>Connect</source>
        <translation>Verbinden</translation>
    </message>
    <message>
        <source>Look who left</source>
        <translation>Austritte suchen</translation>
    </message>
    <message>
        <source>End what was sent</source>
        <translation>Gesendetes abschließen</translation>
    </message>
    <message>
        <source>Read customers</source>
        <translation>Kunden lesen</translation>
    </message>
    <message>
        <source>Read contacts</source>
        <translation>Kontakte lesen</translation>
    </message>
    <message>
        <source>Send</source>
        <translation>Senden</translation>
    </message>
    <message>
        <source>Process opt-outs</source>
        <translation>Widerrufe verarbeiten</translation>
    </message>
    <message>
        <source>Process changes</source>
        <translation>Änderungen verarbeiten</translation>
    </message>
    <message>
        <source>Write to Kibo</source>
        <translation>In Kibo schreiben</translation>
    </message>
    <message>
        <source>Compare</source>
        <translation>Vergleichen</translation>
    </message>
    <message>
        <source>Check</source>
        <translation>Prüfen</translation>
    </message>
    <message>
        <source>Look for changes</source>
        <translation>Änderungen suchen</translation>
    </message>
    <message>
        <source>Look for opt-outs</source>
        <translation>Widerrufe suchen</translation>
    </message>
    <message>
        <source>Read the list</source>
        <translation>Liste lesen</translation>
    </message>
    <message>
        <source>{host} answered with something that is no release of ccdesk.</source>
        <translation>Die Antwort von {host} ist keine Version von ccdesk.</translation>
    </message>
    <message>
        <source>{problem}.</source>
        <translation>{problem}.</translation>
    </message>
    <message>
        <source>{host} has no release for everybody yet.</source>
        <translation>Bei {host} gibt es noch keine Version für alle.</translation>
    </message>
    <message>
        <source>{host} does not answer just now: it was asked too often from this network.</source>
        <translation>{host} antwortet gerade nicht: Aus diesem Netz wurde zu oft gefragt.</translation>
    </message>
    <message>
        <source>{host} gave no usable answer.</source>
        <translation>{host} gab keine brauchbare Antwort.</translation>
    </message>
    <message>
        <source>We couldn&apos;t find out whether there is a newer version</source>
        <translation>Ob es eine neuere Version gibt, war nicht herauszufinden</translation>
    </message>
    <message>
        <source>ccdesk works as before. Try again later, or look at the page of its releases.</source>
        <translation>ccdesk arbeitet weiter wie bisher. Versuchen Sie es später noch einmal, oder sehen Sie auf der Seite der Versionen nach.</translation>
    </message>
    <message>
        <source>ccdesk then asks {host} once a day which version is the newest, and tells you at the bottom of this window if it is newer than yours. Only the version you have is sent, nothing about you, your shop or your customers, and nothing is downloaded or installed. This takes effect at once.</source>
        <translation>ccdesk fragt dann einmal am Tag bei {host}, welche Version die neueste ist, und sagt Ihnen unten in diesem Fenster, wenn sie neuer ist als Ihre. Gesendet wird nur, welche Version Sie haben, nichts über Sie, Ihren Shop oder Ihre Kunden, und nichts wird heruntergeladen oder installiert. Das gilt sofort.</translation>
    </message>
    <message>
        <source>This copy of ccdesk cannot look for newer versions: it does not know where they are published. Whoever installed it on this computer does.</source>
        <translation>Diese Kopie von ccdesk kann nicht nach neueren Versionen suchen: Sie weiß nicht, wo sie veröffentlicht werden. Wer sie auf diesem Computer installiert hat, weiß es.</translation>
    </message>
    <message>
        <source>Newer versions</source>
        <translation>Neuere Versionen</translation>
    </message>
    <message>
        <source>Check for updates once a day</source>
        <translation>Einmal am Tag nach Updates suchen</translation>
    </message>
    <message>
        <source>ccdesk {version} is available</source>
        <translation>ccdesk {version} ist verfügbar</translation>
    </message>
    <message>
        <source>You have {version}. The page says what is new, and has the package to install.</source>
        <translation>Sie haben {version}. Auf der Seite steht, was neu ist, und dort ist das Paket zum Installieren.</translation>
    </message>
    <message>
        <source>&amp;What&apos;s new…</source>
        <translation>&amp;Was ist neu…</translation>
    </message>
    <message>
        <source>&amp;Not this version</source>
        <translation>&amp;Diese Version nicht</translation>
    </message>
    <message>
        <source>{host} did not answer in time.</source>
        <translation>{host} hat nicht rechtzeitig geantwortet.</translation>
    </message>
    <message>
        <source>Kibo cannot be asked for customers by their name</source>
        <translation>Kibo kann nicht nach Kunden mit diesem Namen gefragt werden</translation>
    </message>
    <message>
        <source>Ask by the email, a part of it, or the customer id.</source>
        <translation>Suchen Sie mit der E-Mail-Adresse, einem Teil davon oder der Kundennummer.</translation>
    </message>
    <message>
        <source>{text}, link</source>
        <translation>{text}, Link</translation>
    </message>
    <message>
        <source>unsubscribed in Constant Contact on {day}</source>
        <translation>am {day} in Constant Contact abbestellt</translation>
    </message>
    <message>
        <source>unsubscribed in Constant Contact on {day}, by its staff</source>
        <translation>am {day} in Constant Contact abbestellt, durch dortige Mitarbeiter</translation>
    </message>
    <message>
        <source>opted out in Constant Contact on {day}; the opt-out stands</source>
        <translation>hat am {day} in Constant Contact widerrufen; der Widerruf gilt</translation>
    </message>
    <message>
        <source>deleted in Constant Contact on {day}</source>
        <translation>am {day} in Constant Contact gelöscht</translation>
    </message>
    <message>
        <source>Kibo already had it right: {reason}</source>
        <translation>stand in Kibo schon richtig: {reason}</translation>
    </message>
    <message>
        <source>both sides changed, the opt-out is later or cannot be told to be earlier: {reason}</source>
        <translation>beide Seiten haben sich geändert, der Widerruf ist später oder nicht nachweislich früher: {reason}</translation>
    </message>
    <message>
        <source>{reason} before the email changed; the opt-out stands</source>
        <translation>{reason}, bevor sich die E-Mail-Adresse änderte; der Widerruf gilt</translation>
    </message>
</context>
</TS>
