; The Windows installer: for one user, without an administrator; /S installs in silence, /D=C:\folder elsewhere.
; makensis -DVERSION=0.1.0 -DSOURCE=dist\ccdesk -DICON=ccdesk.ico -DOUT=ccdesk-setup.exe tools\pack\installer.nsi
Unicode true
Target amd64-unicode
!include "MUI2.nsh"
!include "FileFunc.nsh"

!define APP "ccdesk"
!define IDENTITY "ccdesk.ccdesk" ; the AppUserModelID that the program itself takes (ccdesk/__main__.py)
!define KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\ccdesk"
!define DATA "$LOCALAPPDATA\ccdesk"

Name "${APP} ${VERSION}"
OutFile "${OUT}"
InstallDir "$LOCALAPPDATA\Programs\ccdesk"
InstallDirRegKey HKCU "${KEY}" "InstallLocation"
RequestExecutionLevel user
SetCompressor /SOLID lzma
VIProductVersion "${VERSION4}"
VIAddVersionKey "ProductName" "${APP}"
VIAddVersionKey "FileDescription" "${APP} installer"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "ProductVersion" "${VERSION}"
VIAddVersionKey "LegalCopyright" "The ccdesk founders, MIT licence"

!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!insertmacro MUI_PAGE_LICENSE "${LICENCE}"
!insertmacro MUI_PAGE_INSTFILES
!define MUI_FINISHPAGE_RUN "$INSTDIR\ccdesk-window.exe"
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"
!insertmacro MUI_LANGUAGE "German"

LangString RUNNING ${LANG_ENGLISH} "ccdesk is running. Quit it (in the tray, too), then try again."
LangString RUNNING ${LANG_GERMAN} "ccdesk läuft. Beenden Sie es (auch im Infobereich), dann versuchen Sie es erneut."
LangString STAYS ${LANG_ENGLISH} "Your data stays in ${DATA}, and secrets in Windows' credential store."
LangString STAYS ${LANG_GERMAN} "Ihre Daten bleiben in ${DATA}, Geheimnisse in der Anmeldeinformationsverwaltung."

; A program file that runs cannot be opened for writing. In silence: exit code 2, and nothing was changed.
!macro REFUSE_WHILE_RUNNING UN
Function ${UN}RefuseWhileRunning
  Push $0
  Push $1
  StrCpy $1 "$INSTDIR\ccdesk-window.exe"
  again:
  IfFileExists "$1" 0 next
    ClearErrors
    FileOpen $0 "$1" a
    IfErrors 0 closed
      MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "$(RUNNING)" /SD IDCANCEL IDRETRY again
      SetErrorLevel 2
      Quit
    closed:
    FileClose $0
  next:
  StrCmp $1 "$INSTDIR\ccdesk.exe" done
  StrCpy $1 "$INSTDIR\ccdesk.exe"
  Goto again
  done:
  Pop $1
  Pop $0
FunctionEnd
!macroend
!insertmacro REFUSE_WHILE_RUNNING ""
!insertmacro REFUSE_WHILE_RUNNING "un."

Section "ccdesk"
  Call RefuseWhileRunning
  ; What an older version left out of use goes; the data is in another folder, which no installer touches.
  RMDir /r "$INSTDIR\_internal"
  SetOutPath "$INSTDIR"
  File /r "${SOURCE}/*"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  CreateShortcut "$SMPROGRAMS\ccdesk.lnk" "$INSTDIR\ccdesk-window.exe"
  Push "$SMPROGRAMS\ccdesk.lnk"
  Call NameShortcut

  WriteRegStr HKCU "${KEY}" "DisplayName" "${APP}"
  WriteRegStr HKCU "${KEY}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${KEY}" "DisplayIcon" "$INSTDIR\ccdesk-window.exe"
  WriteRegStr HKCU "${KEY}" "Publisher" "The ccdesk founders"
  WriteRegStr HKCU "${KEY}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKCU "${KEY}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKCU "${KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKCU "${KEY}" "NoModify" 1
  WriteRegDWORD HKCU "${KEY}" "NoRepair" 1
  ${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
  IntFmt $0 "0x%08X" $0
  WriteRegDWORD HKCU "${KEY}" "EstimatedSize" "$0"
SectionEnd

; Gives the shortcut on the stack the program's AppUserModelID, so that Windows groups and pins both as one:
; IShellLink -> IPersistFile::Load, IPropertyStore::SetValue and ::Commit, IPersistFile::Save.
Function NameShortcut
  Exch $0
  System::Call 'ole32::CoCreateInstance(g "{00021401-0000-0000-C000-000000000046}", p 0, i 1, \
    g "{000214F9-0000-0000-C000-000000000046}", *p .r1) i .r9'
  IntCmp $9 0 0 end end
  System::Call '$1->0(g "{0000010b-0000-0000-C000-000000000046}", *p .r2) i .r9'
  IntCmp $9 0 0 link link
  System::Call '$2->5(w r0, i 2) i .r9'
  System::Call '$1->0(g "{886d8eeb-8cf2-4446-8d02-cdba1dbdcf99}", *p .r3) i .r9'
  IntCmp $9 0 0 file file
  ; PKEY_AppUserModel_ID, and a VARIANT of kind VT_LPWSTR (31)
  System::Call '*(&g16 "{9F4C2855-9F79-4B39-A8D0-E1D42DE1D5F3}", i 5) p .r4'
  System::Call '*(&w64 "${IDENTITY}") p .r6'
  System::Call '*(&i2 31, &i2 0, i 0, p r6, p 0) p .r5'
  System::Call '$3->6(p r4, p r5) i .r9'
  System::Call '$3->7() i .r9'
  System::Call '$2->6(w r0, i 1) i .r9'
  System::Free $4
  System::Free $5
  System::Free $6
  System::Call '$3->2()'
  file:
  System::Call '$2->2()'
  link:
  System::Call '$1->2()'
  end:
  Pop $0
FunctionEnd

Section "Uninstall"
  Call un.RefuseWhileRunning
  ; Its entries with Windows go first: nothing may start at the next log-in what is not there any more.
  nsExec::Exec '"$INSTDIR\ccdesk.exe" autostart off'
  Pop $0
  nsExec::Exec '"$INSTDIR\ccdesk.exe" service remove'
  Pop $0
  Delete "$SMPROGRAMS\ccdesk.lnk"
  RMDir /r "$INSTDIR\_internal"
  Delete "$INSTDIR\ccdesk.exe"
  Delete "$INSTDIR\ccdesk-window.exe"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"
  DeleteRegKey HKCU "${KEY}"
  DetailPrint "$(STAYS)"
  IfSilent +2
  MessageBox MB_OK|MB_ICONINFORMATION "$(STAYS)"
SectionEnd
